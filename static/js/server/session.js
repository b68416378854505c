// Whether the server knows this page's session: from the welcome of a socket until that socket closes. What the page asks for by
// itself waits for it, since a store that began anew knows nobody until the page has a new session.

import { on } from './signals.js';

const PATIENCE_MS = 5000;

let known = false;
let personId = null;
let waiting = [];

export function isSessionKnown() {
  return known;
}

/** Who you are to others: null until the first welcome. */
export function ownId() {
  return personId;
}

/** The socket closed. */
export function forgetSession() {
  known = false;
}

/** Resolves when the session is known, at once if it is. */
export function sessionKnown() {
  return known ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));
}

/** The same for what somebody waits for: after 5 s it goes on without. */
export function sessionKnownSoon() {
  return Promise.race([sessionKnown(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
}

on('welcome', (signal) => {
  known = true;
  personId = signal.personId;
  for (const resolve of waiting.splice(0)) resolve();
});
