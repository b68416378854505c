// Entry point of the chat page: connects its modules and decides what the page does after each final close of the socket.

import './page/input-method.js'; // first: it stands before all others that listen for keys
import './chat/addressed.js';
import './chat/arrivals.js';
import * as chatHistory from './chat/history.js';
import * as messages from './chat/messages.js';
import './chat/opened-message.js';
import { resendAll } from './chat/outbox.js';
import { resendRemovals } from './chat/own-messages.js';
import { clearAlert, showAlert } from './page/alerts.js';
import { isBanned, showBan } from './page/ban.js';
import { release } from './page/early-taps.js';
import { gettext } from './page/gettext.js';
import { eraseVisit } from './page/visit.js';
import './page/chosen-units.js';
import './page/keyboard.js';
import './page/locale.js';
import { forgetNotifications } from './page/notification.js';
import './page/notification-switches.js';
import * as refusal from './page/refusal.js';
import { withStop } from './page/sentences.js';
import * as status from './page/status.js';
import * as storage from './page/storage.js';
import './page/update-notice.js';
import './people/blocked-list.js';
import './people/empty-place.js';
import './people/first-words.js';
import './people/invite.js';
import './people/list.js';
import { applyFrame } from './people/listing.js';
import './people/menu.js';
import './people/namesakes.js';
import * as self from './people/self.js';
import './people/summary.js';
import './people/voice-outside.js';
import { describeError } from './place/location-errors.js';
import './place/dial-drawer.js';
import { startLocation } from './place/location-prompt.js';
import { askTabs, clearPlace, currentPlace, onWait, publish } from './place/published-place.js';
import { showPending } from './place/pending-place.js';
import './place/reach.js';
import './place/roughness.js';
import { endTracking, restartTracking } from './place/tracker.js';
import * as clock from './server/clock.js';
import { connect, reconnect, reconnectLater } from './server/connection.js';
import { on } from './server/signals.js';
import { endVisit } from './voice/entry.js';

const RECOVER_MS = 20_000;
const SETTLE_MS = 3000;
let recoveredAt = -Infinity;
let opened = false; // and no welcome since
let acts = null;

const ENDS = {
  4401: { title: gettext('You were away for a while.'), words: gettext('Your visit ended after 30 quiet minutes.'), label: gettext('Start again'), run: startOver },
  4403: { title: gettext('This page came from another address.'), words: gettext('Open NearTalk itself.'), label: gettext('Open NearTalk'), run: startOver },
  4409: { title: gettext('NearTalk does not know your place.'), words: gettext('Nobody sees you until it does.'), label: gettext('Try again'), run: recoverSession },
  4410: { title: gettext('You left.'), words: gettext('Start again whenever you like.'), label: gettext('Start again'), run: startOver },
};
const PASSING = ['store-unavailable', 'try-later', 'too-fast', 'too-many-calls'];
const ENDED = { title: gettext('The connection ended.'), words: gettext('What you type stays here.'), label: gettext('Connect again'), run: reconnectNow };

function onOpen() {
  clearAlert('connection');
  opened = true;
}

function onOffline() {
  if (!isBanned()) showAlert('connection', { title: gettext('Offline.'), words: gettext('What you type stays here.') });
}

/** Returns whether the page reconnects by itself: not when such a close follows within 20 s of a recovery. */
function onFinalClose(code) {
  const soon = clock.now() - recoveredAt < RECOVER_MS;
  if ((code === 4401 || code === 4409) && currentPlace() && !soon) {
    recoverSession(code);
    return true;
  }
  if (code === 4401 || code === 4410) {
    eraseVisit();
    endVisit(code);
    clearPlace();
    endTracking();
  }
  if (code === 4410) forgetVisit();
  if (code === 4411) showBan(refusal.lastRefusal('banned'));
  else showAlert('connection', ENDS[code] ?? ENDED);
  return false;
}

async function recoverSession(code) {
  if (!currentPlace()) {
    restartTracking();
    return;
  }
  const found = await publish({ fresh: code === 4401 });
  if (found.done) {
    recoveredAt = clock.now();
    reconnect();
  } else if (isPassing(found)) {
    reconnectLater(); // the next socket will say once more what is missing
  } else if (!isBanned()) {
    status.showStatus('lost');
    showAlert('connection', describeFailure(found));
  }
}

/** Whether nobody answered, or waiting helps. */
function isPassing({ refusal: why, cookiesRefused }) {
  return !cookiesRefused && (!why || PASSING.includes(why.dataset.code));
}

function describeFailure({ cookiesRefused, refusal: why }) {
  if (why && !cookiesRefused) {
    const [title, words] = ['b', '.why'].map((part) => why.querySelector(part).textContent);
    return { title, words, label: gettext('Try again'), run: () => recoverSession(4401) };
  }
  if (cookiesRefused) {
    const { title, words, action } = describeError('cookies');
    return { title: withStop(title), words, label: action, run: () => location.reload() };
  }
  return ENDED;
}

// Where a new session costs work: shown once, in place of what is said of the connection, until it is done.
document.addEventListener('neartalk:work', ({ detail: { seconds, words } }) => {
  if (seconds) showAlert('connection', { title: gettext('Many are coming in from your network.'), words });
  else clearAlert('connection');
});

function reconnectNow() {
  clearAlert('connection');
  reconnect();
}

function startOver() {
  self.leave();
}

function forgetVisit() {
  storage.clear();
  forgetNotifications();
  document.getElementById('text').value = '';
  document.getElementById('composer').hidden = true;
}

// What is done with messages is loaded once they are there.
function loadActs() {
  acts ??= import('./chat/pressing.js').catch(() => (acts = null));
}

on('welcome', ({ now }) => {
  clock.setServerTime(Number(now));
  if (opened) {
    opened = false;
    resendAll();
    resendRemovals();
  }
  messages.refreshAges();
  setTimeout(() => {
    messages.finishLoading();
    loadActs();
    chatHistory.restart();
  }, SETTLE_MS);
});
on('mark', ({ mark }) => {
  clock.raiseServerTime(Number(mark));
  messages.finishLoading();
  loadActs();
});
clock.onJump(messages.refreshAges);
on('gone', ({ ids }) => messages.removeMessages(ids.split(' ')));
document.addEventListener('neartalk:session', self.reloadSelf);

onWait(showPending);
applyFrame(document.getElementById('people-first').content.firstElementChild);
askTabs();
connect({ onOpen, onOffline, onFinalClose });
startLocation();
document.addEventListener('DOMContentLoaded', () => release()); // htmx, which sends what is said, begins with it too
