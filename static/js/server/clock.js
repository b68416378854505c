// Clocks. Durations are measured by one that nobody can set. It may stand still while a device sleeps, and then the device's clock
// jumps ahead of it, as if it had been set: only the server can tell the two apart, so listeners to jumps ask it for its time.
// Messages expire by the server's time: the last that it sent, carried on by the clock that nobody can set.

import { callAll } from '../page/listeners.js';

const CHECK_MS = 1000;
const JUMP_MS = 2000;
const DOUBT_MS = 10_000;

const listeners = [];
let offset = Date.now() - performance.now(); // from now() to the server's time; until its first word the device's clock stands in
let synced = false;
let lead = offset; // of the device's clock
let slept = 0; // how long the device may have slept since the server's last word
let doubtTimer = 0;

/** Milliseconds of the clock that cannot be set. */
export function now() {
  return performance.now();
}

/** A moment for since(). */
export function moment() {
  return { steady: now(), wall: Date.now() };
}

/** Milliseconds since a moment, with sleep: never too few, and too many only where the device's clock was set forward. */
export function since({ steady, wall }) {
  return Math.max(now() - steady, Date.now() - wall);
}

/** Sets the server's time to what it has just said. */
export function setServerTime(ms) {
  clearTimeout(doubtTimer);
  offset = ms - now();
  slept = 0;
  synced = true;
}

/** Sets the server's time forward to one that has passed there already; an earlier one says nothing. */
export function raiseServerTime(ms) {
  if (synced && ms > serverNow()) offset = ms - now();
}

export function serverNow() {
  return now() + offset;
}

/** Whether the server has said its time to this page. */
export function isSynced() {
  return synced;
}

/** Calls back with the milliseconds by which the device's clock jumped: it was set, or the device slept. */
export function onJump(listener) {
  listeners.push(listener);
}

function detectJump() {
  const found = Date.now() - now();
  const jump = found - lead;
  lead = found;
  if (Math.abs(jump) < JUMP_MS) return;
  clearTimeout(doubtTimer);
  slept = Math.max(0, slept + jump);
  doubtTimer = setTimeout(assumeSleep, DOUBT_MS);
  callAll(listeners, jump);
}

// The server does not answer: better to remove a message too early than to show it for too long.
function assumeSleep() {
  offset += slept;
  slept = 0;
}

setInterval(detectJump, CHECK_MS);
for (const wakes of ['pageshow', 'focus', 'online']) window.addEventListener(wakes, detectJump);
document.addEventListener('visibilitychange', detectJump);
