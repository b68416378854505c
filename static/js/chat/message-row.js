// The row of one message: its order, its age, its group, and the accessible name of its ring.

import { serverNow } from '../server/clock.js';
import { ringOf } from './roving-focus.js';

const AGAIN_MS = 2 * 60_000;
const AGES = 6;

const { compare } = new Intl.Collator('en', { numeric: true });

/** Compares rows by the time and then the id of their messages, as Array.sort does. */
export function compareRows(a, b) {
  return a.dataset.sent - b.dataset.sent || compare(a.dataset.id, b.dataset.id);
}

// The accessible name of the ring is made here: in frames it would go to everybody with each message.
export function labelRing(row) {
  const [called, tag] = row.querySelectorAll('.name, .tag');
  const ring = ringOf(row);
  if (!ring) return;
  ring.setAttribute('aria-label', `${called.textContent} ${tag.textContent}: block or report`);
  ring.setAttribute('aria-haspopup', 'dialog');
  ring.tabIndex = -1;
}

/** Marks a row whose author sent the one before it within two minutes. */
export function groupWithPrevious(row) {
  if (!row) return;
  const before = row.previousElementSibling;
  const again = before?.dataset.person === row.dataset.person && row.dataset.sent - before.dataset.sent < AGAIN_MS;
  row.classList.toggle('again', Boolean(again));
}

/** Shows the minutes that are left, and how faded the message is. */
export function renderAge(row) {
  const left = row.dataset.expires - serverNow();
  const life = row.dataset.expires - row.dataset.sent;
  const minutes = String(Math.max(1, Math.min(30, Math.ceil(left / 60_000))));
  const step = Math.floor(AGES * (1 - left / life));
  row.dataset.age = String(Math.max(0, Math.min(AGES - 1, step)));
  const words = row.querySelector('.minutes');
  if (!words || words.textContent === minutes) return;
  words.textContent = minutes;
  row.querySelector('.remains').setAttribute('stroke-dasharray', `${minutes} 30`);
}
