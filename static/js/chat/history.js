// Older messages: loaded page by page when you scroll to the top, until there are no more.

import { call, succeeded } from '../server/http.js';
import { addMessages, oldestRow } from './messages.js';
import { isAtTop, preserveScroll, onReachTop } from './scroll.js';

const RETRY_MS = 5_000;

const endMark = document.getElementById('oldest');
const staging = document.getElementById('older');
let complete = false;
let loading = false;

/** Starts anew, and loads at once where the top is visible: after a move or a loss there may be more than before. */
export function restart() {
  if (isAtTop()) {
    complete = false;
    load(); // the end mark changes only with its answer
  } else {
    setComplete(false);
  }
}

function setComplete(all) {
  complete = all;
  preserveScroll(() => (endMark.hidden = !all));
}

async function load() {
  const first = oldestRow();
  if (complete || loading || !first) return;
  loading = true;
  const answer = await call('GET', '/api/messages', { before: first.dataset.id }, staging);
  if (succeeded(answer)) {
    const rows = [...staging.children];
    staging.replaceChildren();
    addMessages(rows);
    setComplete(rows.length === 0);
    loading = false;
    if (isAtTop()) load();
  } else {
    setTimeout(() => (loading = false), RETRY_MS);
  }
}

onReachTop(load);
