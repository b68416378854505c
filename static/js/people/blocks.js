// Whom you blocked: nothing of theirs stays on the page, and nothing more of it is let in.

import { on } from '../server/signals.js';

const people = new Set();
const listeners = [];

export function isBlocked(id) {
  return people.has(id);
}

/** Calls back after each change, when what was theirs must go. */
export function onBlock(listener) {
  listeners.push(listener);
}

export function block(ids) {
  for (const id of ids) people.add(id);
  for (const listener of listeners) listener();
}

on('blocked', ({ personIds }) => block(personIds.split(' ')));
// Another visit is another person, to whom nobody is blocked.
document.addEventListener('neartalk:session', () => people.clear());
