// Quotes: a pointer to a message, in one line, filled from the row that is shown of it. No copy is kept anywhere, so that what is
// gone, taken back, blocked or muted is gone here too.

import { callAll } from '../page/listeners.js';
import { isMuted } from '../people/muted.js';
import { serverNow } from '../server/clock.js';
import { lostAs } from './ages.js';
import { LIFE_MS, isOwn, nameIn, textOf } from './message-row.js';
import * as words from './words.js';

const answers = new Map(); // id: the rows that reply to it
const removed = new Map(); // id of what was taken back: when that is forgotten; a removal may overtake its message
const listeners = [];

export function addRemoved(id, until) {
  removed.set(id, until);
}

export function isRemoved(id) {
  return removed.has(id);
}

export function forgetRemoved() {
  for (const [id, until] of removed) if (until <= serverNow()) removed.delete(id);
}

/** Calls back with the id of a message of which something else is shown than before, or nothing. */
export function onShown(listener) {
  listeners.push(listener);
}

/** The row that a quote of a message may be filled from, or null. */
export function quotable(id) {
  const row = document.getElementById(`m-${id}`);
  return row && !row.classList.contains('removing') && !isMuted(row.dataset.person) ? row : null;
}

/** Fills an element with a quote of a row: whom, and the beginning of what they said. */
export function fillQuote(element, row, before) {
  const name = document.createElement('bdi');
  const text = document.createElement('span');
  const spoken = document.createElement('span');
  name.textContent = isOwn(row) ? words.YOU : nameIn(row);
  text.textContent = textOf(row);
  text.dir = 'auto';
  spoken.className = 'unseen';
  spoken.textContent = before;
  for (const seen of [name, text]) seen.setAttribute('aria-hidden', 'true'); // they were read where they stand
  element.className = `quote ${[...row.classList].find((one) => /^p\d$/.test(one)) ?? 'own'}`;
  element.replaceChildren(spoken, name, text);
}

function createQuote(row) {
  const quote = document.createElement('button');
  quote.type = 'button';
  quote.tabIndex = -1;
  quote.dataset.act = 'quoted';
  fillQuote(quote, row, words.repliesTo(isOwn(row) ? '' : nameIn(row)));
  return quote;
}

function createLost(id) {
  const how = lostAs(id, isRemoved(id), serverNow(), LIFE_MS);
  const quote = document.createElement('span');
  const [spoken, seen] = [document.createElement('span'), document.createElement('span')];
  quote.className = 'quote quote-lost';
  spoken.className = 'unseen';
  spoken.textContent = words.repliesToLost(how);
  seen.setAttribute('aria-hidden', 'true');
  seen.textContent = words.LOST[how];
  quote.append(spoken, seen);
  return quote;
}

// Silent: a change of what it answers is no news.
function renderQuote(row) {
  const { re } = row.dataset;
  const bubble = row.querySelector('.bubble');
  const quoted = quotable(re);
  const before = bubble.querySelector('.quote');
  const quote = quoted ? createQuote(quoted) : createLost(re);
  if (before?.isEqualNode(quote)) return;
  if (before) bubble.setAttribute('aria-live', 'off');
  before?.remove();
  bubble.prepend(...[bubble.querySelector(':scope > .unseen')].filter(Boolean), quote);
}

/** A row was put on the page: what it quotes, and what quotes it, is shown. */
export function addQuotes(row) {
  const { re } = row.dataset;
  if (re) {
    answers.set(re, (answers.get(re) ?? new Set()).add(row));
    renderQuote(row);
  }
  renderAnswers(row.dataset.id);
}

/** A row was taken from the page. */
export function removeQuotes(row) {
  const { re, id } = row.dataset;
  answers.get(re)?.delete(row);
  if (answers.get(re)?.size === 0) answers.delete(re);
  renderAnswers(id);
}

/** What is shown of a message has changed. */
export function renderAnswers(id) {
  for (const row of answers.get(id) ?? []) renderQuote(row);
  callAll(listeners, id);
}

export function renderAllQuotes() {
  for (const id of answers.keys()) renderAnswers(id);
  callAll(listeners, '');
}
