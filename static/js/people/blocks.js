// The people you blocked: what they sent is removed from the page and not added again.

import { callAll } from '../page/listeners.js';
import { on } from '../server/signals.js';

const people = new Set();
const listeners = [];

export function isBlocked(id) {
  return people.has(id);
}

/** Calls back after each block, so that what is shown of them can be removed. */
export function onBlock(listener) {
  listeners.push(listener);
}

export function block(ids) {
  for (const id of ids) people.add(id);
  callAll(listeners);
}

/** The same where it is taken back: they are listed again, and what they said comes anew. */
export function unblock(ids) {
  for (const id of ids) people.delete(id);
}

on('unblocked', ({ ids }) => unblock(ids.split(' ')));
on('blocked', ({ personIds }) => block(personIds.split(' ')));
// Another visit is another person, to whom nobody is blocked.
document.addEventListener('neartalk:session', () => people.clear());
