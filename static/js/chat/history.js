// What was said before the newest two hundred: fetched when you scroll to the top, until there is no more.

import { call, succeeded } from '../server/http.js';
import { admit, oldest } from './messages.js';
import { atTop, keepPlace, onTop } from './scroll.js';

const RETRY_MS = 5_000;

const mark = document.getElementById('oldest');
const staging = document.getElementById('older');
let complete = false;
let asking = false;

/** Asks at once where you see the top. After a move or a loss there may be more than was known. */
export function reset() {
  if (atTop()) {
    complete = false;
    ask(); // its answer moves the mark, if at all
  } else {
    know(false);
  }
}

function know(all) {
  complete = all;
  keepPlace(() => (mark.hidden = !all));
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
    know(rows.length === 0);
    asking = false;
    if (atTop()) ask();
  } else {
    setTimeout(() => (asking = false), RETRY_MS);
  }
}

onTop(ask);
