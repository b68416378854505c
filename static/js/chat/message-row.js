// The row of one message: what the server sends of it is its id, which begins with when it was sent, who said it, what, and what
// it answers. The rest is made here: its ring and its age, the distance, its group, its links, and the accessible name of its ring.
// As a row grows older only attributes change that nobody listens to: those who are read the log hear of a message once.

import { initial } from '../page/graphemes.js';
import { lazy } from '../page/lazy.js';
import { EARLIER, formatAgo, formatClock, formatDistance, formatMinutes, nameDistance } from '../page/units.js';
import { serverNow } from '../server/clock.js';
import { ownId } from '../server/session.js';
import { ageStep, goesOn, lastMinutes, minutesAgo } from './ages.js';
import { fillWords } from './bubble.js';
import { ringOf } from './message-focus.js';
import * as words from './words.js';

export const LIFE_MS = Number(document.getElementById('messages').dataset.lifeMs); // of a message

const template = document.getElementById('message-row');
const texts = new WeakMap(); // of rows, as they were sent
const ownNames = new Set();
const collator = lazy(() => new Intl.Collator('en', { numeric: true }));

/** Compares rows by the time and then the id of their messages, as Array.sort does. */
export function compareRows(a, b) {
  return a.dataset.sent - b.dataset.sent || collator().compare(a.dataset.id, b.dataset.id);
}

/** What was said in a row, as it was sent. */
export function textOf(row) {
  return texts.get(row) ?? '';
}

export function isOwn(row) {
  return row.classList.contains('mine');
}

/** What somebody is called in their row: you are not. */
export function nameIn(row) {
  return row.querySelector('.name')?.textContent ?? '';
}

// Whoever changes their name is still meant by the one before.
function namesOfYou() {
  const name = document.getElementById('self')?.dataset.name;
  if (name) ownNames.add(name);
  return [...ownNames];
}

function createWho(row, name, tag) {
  const who = document.createElement('p');
  const far = document.createElement('span');
  const { m } = row.dataset;
  who.className = 'who';
  who.dataset.far = m ? formatDistance(Number(m)) : EARLIER; // drawn; those who listen hear the whole word
  name.className = 'name';
  tag.className = 'tag';
  far.className = 'far unseen';
  far.textContent = m ? nameDistance(Number(m)) : EARLIER;
  who.append(name, ' ', tag, ' ', far);
  return who;
}

/** Makes a row of what the server sent of a message; one that is made already stays as it is. */
export function dress(row) {
  if (row.dataset.sent) return;
  const id = row.id.slice(2);
  const sent = parseInt(id, 10);
  const mine = isOwn(row) || row.dataset.person === ownId();
  const bubble = row.lastElementChild;
  const text = bubble.textContent;
  const toYou = !mine && row.dataset.at?.split(' ').includes(ownId());
  texts.set(row, text);
  Object.assign(row.dataset, { id, sent, expires: sent + LIFE_MS });
  if (mine) row.className = 'mine';
  row.classList.add('message');
  row.classList.toggle('to-you', Boolean(toYou));
  bubble.className = 'bubble';
  fillWords(bubble, text, toYou ? namesOfYou() : []);
  if (mine) {
    bubble.prepend(createUnseen(words.YOU_SAY));
    row.replaceChildren(bubble);
  } else {
    row.prepend(createWho(row, row.children[0], row.children[1]));
  }
  row.append(template.content.cloneNode(true));
  if (!mine) ringOf(row).textContent = initial(nameIn(row));
}

function createUnseen(text) {
  const span = document.createElement('span');
  span.className = 'unseen';
  span.textContent = text;
  return span;
}

/**
 * Prepares a row for those who listen: how old it is is only seen, the ring says when it was sent. Its name is made here: in frames
 * it would go to everybody with each message.
 */
export function labelRow(row) {
  const ring = ringOf(row);
  const at = formatClock(Number(row.dataset.sent));
  const tag = row.querySelector('.tag')?.textContent;
  ring.tabIndex = -1;
  ring.setAttribute('aria-label', isOwn(row) ? words.ownRing(at) : words.ringOf(nameIn(row), tag, at));
}

/** The row of an own message that was acknowledged, before the server's copy came. */
export function acknowledgedRow(id, text, replyTo = '') {
  const row = document.createElement('li');
  const said = document.createElement('p');
  said.textContent = text;
  row.id = `m-${id}`;
  row.className = 'mine';
  Object.assign(row.dataset, { state: 'sent', person: 'you' });
  if (replyTo) row.dataset.re = replyTo;
  row.append(said);
  return row;
}

/**
 * Applies the server's copy to such a row. The row stays, silent: a new one would be read out once more. Where the server
 * cleaned the text, it is the copy's.
 */
export function applyCopy(row, copy) {
  row.removeAttribute('data-state');
  row.dataset.person = copy.dataset.person;
  if (textOf(row) === textOf(copy)) return;
  texts.set(row, textOf(copy));
  row.setAttribute('aria-live', 'off');
  row.querySelector('.bubble').replaceWith(copy.querySelector('.bubble'));
}

/** Groups a row with what its author sent right before it, and anew those after it that this may change. */
export function group(row) {
  for (let turn = row; turn; turn = turn.nextElementSibling) {
    const was = turn.classList.contains('again');
    const again = isAgain(turn);
    if (was !== again) turn.classList.toggle('again', again);
    if (turn !== row && !was && !again) return;
  }
}

function isAgain(row) {
  const before = row.previousElementSibling;
  if (!before || row.dataset.new) return false;
  let first = before;
  while (first.classList.contains('again') && first.previousElementSibling) first = first.previousElementSibling;
  const { person, sent } = before.dataset;
  return goesOn({ person, sent: Number(sent) }, { person: row.dataset.person, sent: Number(row.dataset.sent) }, Number(first.dataset.sent));
}

/** Whether a row is about to say, below its words, how soon it is gone: it is higher then. */
export function grows(row) {
  return !row.querySelector('.bubble').dataset.gone && lastMinutes(Number(row.dataset.sent), LIFE_MS, serverNow()) > 0;
}

/** Shows how long ago it was, how faded the message is, and in the end what is left: without a change of text. */
export function renderAge(row) {
  const sent = Number(row.dataset.sent);
  const now = serverNow();
  const age = String(ageStep(sent, LIFE_MS, now));
  const ago = formatAgo(minutesAgo(sent, now));
  const left = lastMinutes(sent, LIFE_MS, now);
  if (row.dataset.age !== age) row.dataset.age = age;
  const time = row.querySelector('time');
  if (time.dataset.ago === ago) return;
  time.dataset.ago = ago;
  if (left) row.querySelector('.bubble').dataset.gone = words.goneIn(formatMinutes(left));
}
