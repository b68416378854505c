// Location on the chat page: starts tracking, or asks for a press of a button first, and shows the errors of the device.

import { clearAlert, showAlert } from '../page/alerts.js';
import { gettext } from '../page/gettext.js';
import { withStop } from '../page/sentences.js';
import { obstacle, onAllowed, permissionState } from './geolocation.js';
import { describeError } from './location-errors.js';
import { currentPlace } from './published-place.js';
import { restartTracking, startTracking } from './tracker.js';

let tracking = false;
let denied = false;

// A permission prompt must follow a press of a button: here, or on the welcome page.
export async function startLocation() {
  onAllowed(onAllow);
  if (currentPlace() || obstacle() || (await permissionState()) !== 'prompt') {
    track();
    return;
  }
  showAlert('place', {
    title: gettext('NearTalk follows you only if you let it.'),
    words: gettext('Until then you stay in the block you came from.'),
    label: gettext('Use my location'),
    run: track,
  });
}

// A watch that was refused does not begin again by itself.
function onAllow() {
  if (!tracking) track();
  else if (denied) retry();
}

function track() {
  clearAlert('place');
  if (tracking) return;
  tracking = true;
  startTracking({ onError, onFix: () => clearAlert('place') });
}

function onError(kind, accuracy) {
  denied = kind === 'denied';
  const { title, words, action, steps, href } = describeError(kind, accuracy);
  showAlert('place', { title: withStop(title), words, steps, label: action, run: href ? null : retry, href });
}

function retry() {
  denied = false;
  clearAlert('place');
  restartTracking();
}
