// What was said before the newest two hundred: fetched when you scroll to the top, until there is no more.

import { call, succeeded } from './http.js';
import { admit, oldest } from './messages.js';
import { fits, onTop } from './scroll.js';

const RETRY_MS = 5_000;

const mark = document.getElementById('oldest');
const staging = document.getElementById('older');
let complete = false;
let asking = false;

/** Asks at once where the conversation leaves room. After a move or a loss there may be more than was known. */
export function reset() {
  complete = false;
  mark.hidden = true;
  if (fits()) ask();
}

async function ask() {
  const first = oldest();
  if (complete || asking || !first) return;
  asking = true;
  const answer = await call('GET', '/api/messages', { before: first.dataset.id }, staging);
  if (succeeded(answer)) {
    const rows = [...staging.children];
    staging.replaceChildren();
    admit(rows);
    complete = rows.length === 0;
    mark.hidden = !complete;
    asking = false;
    if (fits()) ask();
  } else {
    setTimeout(() => (asking = false), RETRY_MS);
  }
}

onTop(ask);
