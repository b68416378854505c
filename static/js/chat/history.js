// Older messages: loaded page by page when you scroll to the top, until there are no more.

import { call, succeeded } from '../server/http.js';
import { isSessionKnown } from '../server/session.js';
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
  if (complete || loading || !first || !isSessionKnown()) return; // restarted with its welcome
  loading = true;
  let loaded = false;
  try {
    loaded = await loadBefore(first.dataset.id);
  } finally {
    if (loaded) loading = false;
    else setTimeout(() => (loading = false), RETRY_MS);
  }
  if (loaded && isAtTop()) load();
}

// Returns whether the server answered.
async function loadBefore(id) {
  const answer = await call('GET', '/api/messages', { before: id }, staging);
  if (!succeeded(answer)) return false;
  const rows = [...staging.children];
  staging.replaceChildren();
  addMessages(rows);
  setComplete(rows.length === 0);
  return true;
}

onReachTop(load);
