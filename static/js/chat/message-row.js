// The row of one message: what the server sends of it is its id, which begins with when it was sent, who said it and what. The
// rest is made here: its ring and its age, the distance, its group, and the accessible name of its ring. As a row grows older only
// attributes change that nobody listens to: those who are read the log hear of a message once.

import { initial } from '../page/graphemes.js';
import { EARLIER, formatDistance, formatMinutes } from '../page/units.js';
import { serverNow } from '../server/clock.js';
import { ownId } from '../server/session.js';
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
  const mine = row.classList.contains('mine') || row.dataset.person === ownId();
  const [...parts] = row.children;
  const bubble = parts.pop();
  Object.assign(row.dataset, { id, sent, expires: sent + LIFE_MS });
  if (mine) row.className = 'mine';
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
 * Prepares a row for those who listen: what is left of its life is only seen, the ring says when it was sent. Its name is made
 * here: in frames it would go to everybody with each message.
 */
export function labelRow(row) {
  const ring = ringOf(row);
  if (!ring) return;
  ring.tabIndex = -1;
  ring.setAttribute('aria-description', `sent at ${CLOCK.format(Number(row.dataset.sent))}`);
  if (ring.dataset.act !== 'person') return;
  const [called, tag] = row.querySelectorAll('.name, .tag');
  ring.setAttribute('aria-label', `${called.textContent} ${tag.textContent}: talk, block or report`);
  ring.setAttribute('aria-haspopup', 'dialog');
}

/** The row of an own message that was acknowledged, before the server's copy came. */
export function acknowledgedRow(id, text) {
  const row = document.createElement('li');
  const words = document.createElement('p');
  words.textContent = text;
  row.id = `m-${id}`;
  row.className = 'mine';
  Object.assign(row.dataset, { state: 'sent', person: 'you' });
  row.append(words);
  return row;
}

/**
 * Applies the server's copy to such a row. The row stays, silent: a new one would be read out once more. Where the server
 * cleaned the text, it is the copy's.
 */
export function applyCopy(row, copy) {
  row.removeAttribute('data-state');
  row.dataset.person = copy.dataset.person;
  const bubble = row.querySelector('.bubble');
  const said = copy.querySelector('.bubble');
  if (bubble.textContent === said.textContent) return;
  row.setAttribute('aria-live', 'off');
  bubble.replaceWith(said);
}

/** Marks a row whose author sent the one before it within two minutes. */
export function groupWithPrevious(row) {
  if (!row) return;
  const before = row.previousElementSibling;
  const again = before?.dataset.person === row.dataset.person && row.dataset.sent - before.dataset.sent < AGAIN_MS;
  row.classList.toggle('again', Boolean(again));
}

/** Shows the minutes that are left, and how faded the message is: without a change of text. */
export function renderAge(row) {
  const left = row.dataset.expires - serverNow();
  const life = row.dataset.expires - row.dataset.sent;
  const minutes = Math.max(1, Math.min(30, Math.ceil(left / 60_000)));
  const age = String(Math.max(0, Math.min(AGES - 1, Math.floor(AGES * (1 - left / life)))));
  if (row.dataset.age !== age) row.dataset.age = age;
  const shown = row.querySelector('.life');
  const words = formatMinutes(minutes);
  if (!shown || shown.dataset.left === words) return;
  shown.dataset.left = words;
  row.querySelector('.remains').setAttribute('stroke-dasharray', `${minutes} 30`);
}
