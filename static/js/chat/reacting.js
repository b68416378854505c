// Your own reaction to what somebody said: shown at once, taken back where the server refuses it, and said again on the next socket
// where no answer came.

import { onRefusalOf } from '../page/refusal.js';
import { send } from '../server/connection.js';
import { on } from '../server/signals.js';
import { newRef } from './outbox.js';
import { choose, reactionsOf, settle } from './reactions.js';

const pending = new Map(); // ref: {id, kind, stop}: what was not answered yet

/** Reacts to a message; the same again takes it back. */
export function react(id, kind) {
  const ref = newRef();
  const one = { id, kind: reactionsOf(id).own === kind ? '' : kind };
  one.stop = onRefusalOf(ref, () => end(ref));
  pending.set(ref, one);
  choose(id, one.kind, ref);
  request(ref);
}

function request(ref) {
  const { id, kind } = pending.get(ref);
  send({ type: 'chat.react', id, reaction: kind || null, ref });
}

function end(ref) {
  const one = pending.get(ref);
  if (!one) return true;
  pending.delete(ref);
  one.stop();
  settle(one.id, ref);
  return true;
}

function forget() {
  for (const { stop } of pending.values()) stop();
  pending.clear();
}

on('reacted', ({ ref }) => end(ref));
on('welcome', () => [...pending.keys()].forEach(request));
// What somebody else chose is not asked for in your name.
document.addEventListener('neartalk:session', forget);
