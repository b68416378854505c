// The page of the chat: wires its parts together and decides what each end of the socket means.

import { alert, clear } from './page/alerts.js';
import * as clock from './server/clock.js';
import { connect, reconnect, send } from './server/connection.js';
import { again, follow } from './place/tracker.js';
import { permission } from './place/geolocation.js';
import './people/menu.js';
import * as messages from './chat/messages.js';
import * as older from './chat/history.js';
import { resendAll } from './chat/outbox.js';
import './people/people.js';
import { askTabs, current, publish } from './place/published-place.js';
import './place/reach.js';
import * as self from './people/self.js';
import { hold } from './chat/scroll.js';
import * as refusal from './page/refusal.js';
import { on } from './server/signals.js';
import { describe } from './place/location-errors.js';
import { localise } from './page/local-time.js';
import './voice/controls.js';

const HEAL_MS = 20_000;
const SETTLE_MS = 3000;
let healed = -Infinity;
const removing = new Set(); // ids that were asked to be taken back and are not gone yet

const ENDS = {
  4401: { title: 'You were away for a while.', words: 'Your visit ended after 30 quiet minutes.', label: 'Start again', run: leave },
  4403: { title: 'This page came from another address.', words: 'Open NearTalk itself.', label: 'Open NearTalk', run: leave },
  4409: { title: 'NearTalk does not know your block.', words: 'Nobody sees you until it does.', label: 'Try again', run: heal },
  4410: { title: 'You left.', words: 'Start again whenever you like.', label: 'Start again', run: leave },
  4411: { title: 'You are banned.', words: 'The start page says why, and until when.', label: 'To the start', run: leave },
};
const ENDED = { title: 'The connection ended.', words: 'What you type stays here.', label: 'Connect again', run: retry };

function opened() {
  clear('connection');
  resendAll();
  for (const id of [...removing]) takeBack(id);
}

// Asked for again with the next socket if this one is gone before it answers, but not for ever.
function takeBack(id) {
  if (removing.has(id)) removing.delete(id);
  else removing.add(id);
  send({ type: 'chat.remove', id });
}

function offline() {
  alert('connection', { title: 'Offline.', words: 'What you type stays here.' });
}

/** True where the page goes on by itself. A second end of that kind right after is somebody's to look at. */
function ended(code) {
  const soon = Date.now() - healed < HEAL_MS;
  if ((code === 4401 || code === 4409) && current() && !soon) {
    healed = Date.now();
    heal(code);
    return true;
  }
  if (code === 4410) self.clean();
  if (code === 4411) refusal.clear(); // whatever kept them from speaking before
  alert('connection', (code === 4411 && banned(refusal.said('banned'))) || ENDS[code] || ENDED);
  return false;
}

/** What the server says of a ban, and the way to object; null where it said nothing. */
function banned(notice) {
  if (!notice) return null;
  const [title, words] = notice.querySelector('.notice-words').children;
  const href = notice.dataset.objections ?? '';
  return { title: title.textContent, words: words.textContent, label: href && 'Object', href };
}

async function heal(code) {
  if (!current()) {
    again();
    return;
  }
  const { done, refusal: why } = await publish({ fresh: code === 4401 });
  if (done) reconnect();
  else if (why?.dataset.code === 'banned') alert('connection', banned(localise(why)));
  else alert('connection', ENDED);
}

function retry() {
  clear('connection');
  reconnect();
}

function leave() {
  self.clean();
  location.assign('/');
}

function trouble(kind, accuracy) {
  const { title, words, action, steps, href } = describe(kind, accuracy);
  alert('place', { title: `${title}.`, words, steps, label: action, run: href ? null : lookAgain, href });
}

function lookAgain() {
  clear('place');
  again();
}

// A browser that would ask must not do so before somebody pressed a button: here, or on the page before.
async function locate() {
  if (current() || (await permission()) !== 'prompt') {
    follow({ trouble, fixed: () => clear('place') });
    return;
  }
  alert('place', {
    title: 'NearTalk follows you only if you let it.',
    words: 'Until then you stay in the block you came from.',
    label: 'Use my location',
    run: () => {
      clear('place');
      follow({ trouble, fixed: () => clear('place') });
    },
  });
}

on('welcome', ({ now }) => {
  clock.set(Number(now));
  messages.refresh();
  setTimeout(() => {
    messages.settle();
    older.reset();
  }, SETTLE_MS);
});
on('mark', () => messages.settle());
on('gone', ({ ids }) => {
  for (const id of ids.split(' ')) removing.delete(id);
  messages.remove(ids.split(' '));
});
document.addEventListener('neartalk:session', self.refresh);

document.getElementById('messages').addEventListener('click', ({ target }) => {
  const act = target.closest('[data-act]')?.dataset.act;
  const row = target.closest('.message');
  if (act === 'remove') takeBack(row.dataset.id);
  if (act === 'own') {
    const open = target.closest('button').getAttribute('aria-expanded') !== 'true';
    target.closest('button').setAttribute('aria-expanded', String(open));
    row.querySelector('.own').hidden = !open;
    hold();
  }
});

askTabs();
connect({ open: opened, offline, final: ended });
locate();
