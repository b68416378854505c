// The conversation: each message once, at its place in time, gone when its time is over.

import { isBlocked, onBlock } from '../people/blocks.js';
import { now } from '../server/clock.js';
import { renew, ringOf } from './roving-focus.js';
import { arrived, keepPlace, toEnd } from './scroll.js';
import { count } from '../page/title.js';

const AGAIN_MS = 2 * 60_000;
const TICK_MS = 10_000;
const AGES = 6;

const list = document.getElementById('messages');
const log = list.parentElement;
const { compare } = new Intl.Collator('en', { numeric: true });
const gone = new Set(); // a removal may overtake its message
let expiry = 0;

/** Takes rows in any order, shown already or not. */
export function admit(rows) {
  const added = rows.filter(({ dataset }) => Number(dataset.expires) > now() && !gone.has(dataset.id) && !isBlocked(dataset.person));
  let fresh = 0;
  keepPlace(() => {
    for (const row of added) fresh += place(row);
  });
  renew();
  if (settled()) {
    arrived(fresh);
    count(fresh);
  }
  schedule();
}

/** Takes messages out everywhere on the page. */
export function remove(ids) {
  keepPlace(() => {
    for (const id of ids) {
      gone.add(id);
      take(document.getElementById(`m-${id}`));
    }
  });
  schedule();
}

export function shown(id) {
  return document.getElementById(`m-${id}`);
}

export function oldest() {
  return list.firstElementChild;
}

/** What was there when you came is drawn; from now on arrivals are told. */
export function settle() {
  if (settled()) return;
  document.getElementById('loading').remove();
  log.removeAttribute('aria-busy');
  log.removeAttribute('aria-live');
  toEnd();
}

function settled() {
  return !log.hasAttribute('aria-live');
}

// Answers 1 for somebody else's message that came in at the end, which is what counts as new.
function place(row) {
  const known = shown(row.dataset.id);
  if (known && !known.classList.contains('outgoing')) return 0;
  known?.remove();
  let before = list.lastElementChild;
  while (before && order(before, row) > 0) before = before.previousElementSibling;
  const last = before === list.lastElementChild;
  if (before) before.after(row);
  else list.prepend(row);
  name(row);
  age(row);
  group(row);
  group(row.nextElementSibling);
  if (!last || known || !settled()) return 0;
  row.classList.add('arrives');
  return row.classList.contains('mine') ? 0 : 1;
}

// What the ring is called stands in no frame: it would go to everybody with each message.
function name(row) {
  const [called, tag] = row.querySelectorAll('.name, .tag');
  const ring = ringOf(row);
  if (!ring) return;
  ring.setAttribute('aria-label', `${called.textContent} ${tag.textContent}: block or report`);
  ring.setAttribute('aria-haspopup', 'dialog');
  ring.tabIndex = -1;
}

function order(a, b) {
  return a.dataset.sent - b.dataset.sent || compare(a.dataset.id, b.dataset.id);
}

function group(row) {
  if (!row) return;
  const before = row.previousElementSibling;
  const again = before?.dataset.person === row.dataset.person && row.dataset.sent - before.dataset.sent < AGAIN_MS;
  row.classList.toggle('again', Boolean(again));
}

function take(row) {
  if (!row) return;
  const next = row.nextElementSibling;
  if (row.contains(document.activeElement)) document.getElementById('scroller').focus({ preventScroll: true });
  row.remove();
  group(next);
  renew();
}

// All live equally long, so the first is the next to go.
function schedule() {
  clearTimeout(expiry);
  const first = oldest();
  if (first) expiry = setTimeout(sweep, Math.max(0, first.dataset.expires - now()));
}

function sweep() {
  if (oldest()?.dataset.expires <= now()) {
    keepPlace(() => {
      while (oldest()?.dataset.expires <= now()) take(oldest());
    });
  }
  schedule();
}

function age(row) {
  const left = row.dataset.expires - now();
  const life = row.dataset.expires - row.dataset.sent;
  const minutes = String(Math.max(1, Math.min(30, Math.ceil(left / 60_000))));
  const step = Math.floor(AGES * (1 - left / life));
  row.dataset.age = String(Math.max(0, Math.min(AGES - 1, step)));
  const words = row.querySelector('.minutes');
  if (!words || words.textContent === minutes) return;
  words.textContent = minutes;
  row.querySelector('.remains').setAttribute('stroke-dasharray', `${minutes} 30`);
}

/** Sweeps and ages at once; after the clock was set or the page woke, timers may be late. */
export function refresh() {
  sweep();
  for (const row of list.children) age(row);
}

onBlock(() => {
  keepPlace(() => {
    for (const row of [...list.children]) if (isBlocked(row.dataset.person)) take(row);
  });
  schedule();
});
document.addEventListener('htmx:oobBeforeSwap', ({ target, detail }) => {
  if (target !== list) return;
  detail.shouldSwap = false; // placed one by one instead
  admit([...detail.fragment.children]);
});
document.addEventListener('visibilitychange', () => document.hidden || refresh());
setInterval(refresh, TICK_MS);
