// The row of one message: what the server sends of it is its id, which begins with when it was sent, who said it and what. The
// rest is made here: its ring and its age, the distance, its group, and the accessible name of its ring.

import { initial } from '../page/graphemes.js';
import { EARLIER, formatDistance } from '../page/units.js';
import { serverNow } from '../server/clock.js';
import { ringOf } from './message-focus.js';

const AGAIN_MS = 2 * 60_000;
const AGES = 6;
export const LIFE_MS = Number(document.getElementById('messages').dataset.lifeMs); // of a message

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });

const { compare } = new Intl.Collator('en', { numeric: true });

/** Compares rows by the time and then the id of their messages, as Array.sort does. */
export function compareRows(a, b) {
  return a.dataset.sent - b.dataset.sent || compare(a.dataset.id, b.dataset.id);
}

function fillWho(row, [name, tag]) {
  name.className = 'name';
  tag.className = 'tag';
  const far = document.createElement('span');
  far.className = 'far';
  far.textContent = row.dataset.m ? formatDistance(Number(row.dataset.m)) : EARLIER;
  row.querySelector('.ring text').textContent = initial(name.textContent);
  row.querySelector('.who').append(name, ' ', tag, ' ', far);
}

/** Makes a row of what the server sent of a message; one that is made already stays as it is. */
export function dress(row) {
  if (row.dataset.sent) return;
  const id = row.id.slice(2);
  const sent = parseInt(id, 10);
  const mine = row.classList.contains('mine');
  const [...parts] = row.children;
  const bubble = parts.pop();
  Object.assign(row.dataset, { id, sent, expires: sent + LIFE_MS });
  row.classList.add('message');
  row.replaceChildren(document.getElementById(mine ? 'message-mine' : 'message-row').content.cloneNode(true));
  bubble.className = 'bubble';
  if (mine) {
    const who = document.createElement('span');
    who.className = 'unseen';
    who.textContent = 'You: ';
    bubble.prepend(who);
    row.querySelector('.own').id = `own-${id}`;
    ringOf(row).setAttribute('aria-controls', `own-${id}`);
    row.querySelector('.words').prepend(bubble);
  } else {
    fillWho(row, parts);
    row.querySelector('.words').append(bubble);
  }
}

/**
 * Prepares a row for those who listen: what is left of its life is only seen, for it ticks in a log that is read out; the
 * ring says when it was sent. Its name is made here: in frames it would go to everybody with each message.
 */
export function labelRow(row) {
  row.querySelector('.life')?.setAttribute('aria-hidden', 'true');
  const ring = ringOf(row);
  if (!ring) return;
  ring.tabIndex = -1;
  ring.setAttribute('aria-description', `sent at ${CLOCK.format(Number(row.dataset.sent))}`);
  if (ring.dataset.act !== 'person') return;
  const [called, tag] = row.querySelectorAll('.name, .tag');
  ring.setAttribute('aria-label', `${called.textContent} ${tag.textContent}: block or report`);
  ring.setAttribute('aria-haspopup', 'dialog');
}

/**
 * Applies the server's copy to the row of an own message that was acknowledged before it came. The row stays, silent: a new
 * one would be read out once more.
 */
export function applyCopy(row, copy) {
  row.setAttribute('aria-live', 'off');
  row.className = copy.className;
  Object.assign(row.dataset, { ...copy.dataset });
  for (const part of ['.own', '.clock']) row.querySelector(part).replaceWith(copy.querySelector(part));
  const bubble = row.querySelector('.bubble');
  if (bubble.textContent !== copy.querySelector('.bubble').textContent) bubble.replaceWith(copy.querySelector('.bubble'));
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
