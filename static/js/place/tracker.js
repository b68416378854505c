// Follows the device while the page is seen and publishes a new cell when its person has moved (movement.js decides).

import { dueAt, judge, settled, wait } from './movement.js';
import { centre, encode } from './geohash.js';
import { watch } from './geolocation.js';
import { current, onPlace, publish } from './published-place.js';

const HIDDEN_MS = 60_000;
const RETRY_MS = 10_000;

let anchor = settled(null);
let hiddenAt = null;
let returned = false;
let wanted = '';
let publishing = false;
let stop = null;
let release = null;
let waiting = null;
let dueTimer = 0;
let retryTimer = 0;
let hear = {};

/** Begins; hear is {trouble(kind, accuracyM), fixed()}. */
export function follow(listener) {
  hear = listener;
  const place = current();
  if (place) anchor = settled(centre(place.cell));
  onPlace(({ cell }) => {
    // Another tab's publish: only its cell is known here.
    if (!stop) anchor = settled(centre(cell));
  });
  document.addEventListener('visibilitychange', seen);
  seen();
}

/** Asks the device anew. */
export function again() {
  end();
  begin();
}

// A hidden page gets no fixes, so it gives up its turn: the lock goes to a page that somebody looks at.
function seen() {
  if (document.hidden) {
    hiddenAt ??= Date.now();
    end();
    return;
  }
  returned = hiddenAt !== null && Date.now() - hiddenAt >= HIDDEN_MS;
  hiddenAt = null;
  begin();
}

function begin() {
  if (stop || waiting) return;
  if (!navigator.locks) {
    stop = watch(fixed, hear.trouble);
    return;
  }
  const turn = new AbortController();
  waiting = turn;
  navigator.locks
    .request('neartalk.locate', { signal: turn.signal }, () => {
      waiting = null;
      stop = watch(fixed, hear.trouble);
      return new Promise((resolve) => {
        release = resolve;
      });
    })
    .catch(() => {});
}

function end() {
  clearTimeout(dueTimer);
  waiting?.abort();
  stop?.();
  release?.();
  waiting = stop = release = null;
}

function fixed(fix) {
  hear.fixed();
  decide(judge(anchor, fix, Date.now(), returned));
  returned = false;
}

function decide({ state, moved }) {
  anchor = state;
  clearTimeout(dueTimer);
  const due = dueAt(state);
  if (due !== null) dueTimer = setTimeout(() => decide(wait(anchor, Date.now())), Math.max(0, due - Date.now()));
  if (!moved) return;
  wanted = encode(state.anchor.lat, state.anchor.lon);
  push();
}

async function push() {
  clearTimeout(retryTimer);
  if (publishing || !wanted) return;
  if (wanted === current()?.cell) {
    wanted = '';
    return;
  }
  publishing = true;
  const cell = wanted;
  const { done, retryAfter, refusal } = await publish({ cell });
  publishing = false;
  if ((done && wanted === cell) || refusal?.dataset.code === 'banned') wanted = '';
  if (wanted) retryTimer = setTimeout(push, done ? 0 : retryAfter * 1000 || RETRY_MS);
}
