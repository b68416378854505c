// Entry point of the chat page: connects its modules and decides what the page does after each final close of the socket.

import './page/input-method.js'; // first: it stands before all others that listen for keys
import * as chatHistory from './chat/history.js';
import * as messages from './chat/messages.js';
import { resendAll } from './chat/outbox.js';
import { resendRemovals } from './chat/own-messages.js';
import { clearAlert, showAlert } from './page/alerts.js';
import { isBanned, showBan } from './page/ban.js';
import * as refusal from './page/refusal.js';
import './people/empty-place.js';
import './people/list.js';
import './people/menu.js';
import * as self from './people/self.js';
import { startLocation } from './place/location-prompt.js';
import { askTabs, currentPlace, publish } from './place/published-place.js';
import './place/reach.js';
import { restartTracking } from './place/tracker.js';
import * as clock from './server/clock.js';
import { connect, reconnect } from './server/connection.js';
import { on } from './server/signals.js';
import './voice/controls.js';

const RECOVER_MS = 20_000;
const SETTLE_MS = 3000;
let recoveredAt = -Infinity;

const ENDS = {
  4401: { title: 'You were away for a while.', words: 'Your visit ended after 30 quiet minutes.', label: 'Start again', run: startOver },
  4403: { title: 'This page came from another address.', words: 'Open NearTalk itself.', label: 'Open NearTalk', run: startOver },
  4409: { title: 'NearTalk does not know your block.', words: 'Nobody sees you until it does.', label: 'Try again', run: recoverSession },
  4410: { title: 'You left.', words: 'Start again whenever you like.', label: 'Start again', run: startOver },
};
const ENDED = { title: 'The connection ended.', words: 'What you type stays here.', label: 'Connect again', run: reconnectNow };

function onOpen() {
  clearAlert('connection');
  resendAll();
  resendRemovals();
}

function onOffline() {
  if (!isBanned()) showAlert('connection', { title: 'Offline.', words: 'What you type stays here.' });
}

/** Returns whether the page reconnects by itself: once, not when the same close follows within 20 s. */
function onFinalClose(code) {
  const soon = Date.now() - recoveredAt < RECOVER_MS;
  if ((code === 4401 || code === 4409) && currentPlace() && !soon) {
    recoveredAt = Date.now();
    recoverSession(code);
    return true;
  }
  if (code === 4410) self.clearVisit();
  if (code === 4411) showBan(refusal.lastRefusal('banned'));
  else showAlert('connection', ENDS[code] ?? ENDED);
  return false;
}

async function recoverSession(code) {
  if (!currentPlace()) {
    restartTracking();
    return;
  }
  const { done, refusal: why } = await publish({ fresh: code === 4401 });
  if (done) reconnect();
  else if (!isBanned()) showAlert('connection', ENDED);
}

function reconnectNow() {
  clearAlert('connection');
  reconnect();
}

function startOver() {
  self.clearVisit();
  location.assign('/');
}

on('welcome', ({ now }) => {
  clock.setServerTime(Number(now));
  messages.refreshAges();
  setTimeout(() => {
    messages.finishLoading();
    chatHistory.restart();
  }, SETTLE_MS);
});
on('mark', () => messages.finishLoading());
on('gone', ({ ids }) => messages.removeMessages(ids.split(' ')));
document.addEventListener('neartalk:session', self.reloadSelf);

askTabs();
connect({ onOpen, onOffline, onFinalClose });
startLocation();
