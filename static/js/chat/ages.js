// How long ago a message was sent, how long it lives, and which stand together: pure.

const MINUTE_MS = 60_000;
const STEPS = 6; // of the arc
const LAST_MIN = 5;
const AFTER_LAST_MS = 2 * MINUTE_MS;
const AFTER_FIRST_MS = 5 * MINUTE_MS; // one step of the arc, so that one ring is true for a whole group

/** Whole minutes since it was sent: 0 is now. */
export function minutesAgo(sent, now) {
  return Math.max(0, Math.floor((now - sent) / MINUTE_MS));
}

/** Which step of its life it is in, from 0 to 5. */
export function ageStep(sent, life, now) {
  return Math.max(0, Math.min(STEPS - 1, Math.floor((STEPS * (now - sent)) / life)));
}

/** The minutes that are left, in the last five alone; else 0. */
export function lastMinutes(sent, life, now) {
  const left = Math.max(1, Math.ceil((sent + life - now) / MINUTE_MS));
  return left <= LAST_MIN ? left : 0;
}

/** What is said of a quoted message that is not shown: 'gone' where it was taken back, or would be over by the time in its id. */
export function lostAs(id, removed, now, life) {
  return removed || !(now - parseInt(id, 10) < life) ? 'gone' : 'unheard';
}

/** Whether a message, {person, sent}, goes on where the one before it ends; `first` is when the first of those was sent. */
export function goesOn(before, { person, sent }, first) {
  return before !== null && before.person === person && sent - before.sent <= AFTER_LAST_MS && sent - first < AFTER_FIRST_MS;
}
