// The list of messages: each message once, in the order of time, removed when it expires, or a moment before where others come.

import { isBlocked, onBlock } from '../people/blocks.js';
import { onMute } from '../people/muted.js';
import { now, serverNow } from '../server/clock.js';
import { foldRow } from './folding.js';
import { LIFE_MS, applyCopy, compareRows, dress, group, grows, isOwn, labelRow, renderAge } from './message-row.js';
import { updateStop } from './message-focus.js';
import { addQuotes, addRemoved, forgetRemoved, isRemoved, quotable, removeQuotes, renderAllQuotes } from './quotes.js';
import { addReactions, removeReactions } from './reactions.js';
import { addUnread, preserveScroll, scrollToEnd } from './scroll.js';
import { addMissed } from '../page/title.js';
import { callAll } from '../page/listeners.js';
import { isErased } from '../page/visit.js';

const TICK_MS = 10_000;
const CALM_MS = 2000;
const SOON_MS = 1500; // what ends within it goes with the next that comes: the list changes once for both

const list = document.getElementById('messages');
const log = list.parentElement;
const arrivalListeners = [];
let expiryTimer = 0;
let arrivedAt = -Infinity; // the newest

/**
 * Adds rows in any order; those that are shown, expired, removed or blocked already are left out, and all once the visit is over:
 * what was asked for, or waited to be shown, may come after that.
 */
export function addMessages(rows) {
  if (isErased()) return;
  for (const row of rows) dress(row);
  const added = rows.filter(({ dataset }) => Number(dataset.expires) > serverNow() && !isRemoved(dataset.id) && !isBlocked(dataset.person));
  const fresh = [];
  preserveScroll(() => {
    if (added.length) removeExpired(serverNow() + SOON_MS);
    for (const row of added) if (insert(row)) fresh.push(row);
  });
  if (added.length) updateStop();
  if (isLoaded()) {
    addUnread(fresh);
    addMissed(fresh.length);
  }
  scheduleExpiry();
}

/** Calls back with the row of each message of somebody else that comes while the page is there. */
export function onArrival(listener) {
  arrivalListeners.push(listener);
}

/** Removes messages, also those that arrive later. */
export function removeMessages(ids) {
  preserveScroll(() => {
    for (const id of ids) {
      addRemoved(id, serverNow() + LIFE_MS);
      removeRow(rowOf(id));
    }
  });
  scheduleExpiry();
}

export function rowOf(id) {
  return document.getElementById(`m-${id}`);
}

export function oldestRow() {
  return list.firstElementChild;
}

/** Ends the initial load: from now on screen readers announce arrivals, and they count as unread. */
export function finishLoading() {
  if (isLoaded()) return;
  document.getElementById('loading').remove();
  log.removeAttribute('aria-busy');
  log.removeAttribute('aria-live');
  scrollToEnd();
}

function isLoaded() {
  return !log.hasAttribute('aria-live');
}

// Returns whether it is somebody else's message at the end, which counts as unread.
function insert(row) {
  const known = rowOf(row.dataset.id);
  if (known) {
    if (known.dataset.state === 'sent') confirmRow(known, row);
    return false;
  }
  labelRow(row);
  renderAge(row);
  addReactions(row);
  foldRow(row);
  let before = list.lastElementChild;
  while (before && compareRows(before, row) > 0) before = before.previousElementSibling;
  const last = before === list.lastElementChild;
  if (before) before.after(row);
  else list.prepend(row);
  placeRow(row);
  if (!last || !isLoaded()) return false;
  showArrival(row);
  if (isOwn(row) || row.classList.contains('folded')) return false;
  callAll(arrivalListeners, row);
  return true;
}

function placeRow(row) {
  group(row);
  if (row.nextElementSibling) group(row.nextElementSibling);
  addQuotes(row);
  const { re } = row.dataset;
  if (re && !isOwn(row) && quotable(re) && isOwn(quotable(re))) row.dataset.replies = 'you';
}

// Where they come one after another nothing moves but the list: that costs a phone less, and the eye too.
function showArrival(row) {
  if (now() - arrivedAt > CALM_MS) row.classList.add('arrives');
  arrivedAt = now();
}

function confirmRow(row, copy) {
  applyCopy(row, copy);
  placeRow(row);
}

function removeRow(row) {
  if (!row) return;
  const next = row.nextElementSibling;
  if (row.contains(document.activeElement)) document.getElementById('scroller').focus({ preventScroll: true });
  if (row.dataset.new && next) next.dataset.new = row.dataset.new;
  row.remove();
  if (next) group(next);
  removeReactions(row);
  removeQuotes(row);
  updateStop();
}

// All messages live equally long, so the first row is the next to expire.
function scheduleExpiry() {
  clearTimeout(expiryTimer);
  const first = oldestRow();
  if (first) expiryTimer = setTimeout(expire, Math.max(0, first.dataset.expires - serverNow()));
}

function expire() {
  forgetRemoved();
  if (oldestRow()?.dataset.expires <= serverNow()) preserveScroll(() => removeExpired(serverNow()));
  scheduleExpiry();
}

function removeExpired(byMs) {
  while (oldestRow()?.dataset.expires <= byMs) removeRow(oldestRow());
}

/** Expires messages and renders ages now: after the clock was set or the page woke, timers are late. */
export function refreshAges() {
  expire();
  const rows = [...list.children];
  if (rows.some(grows)) preserveScroll(() => rows.forEach(renderAge));
  else rows.forEach(renderAge);
}

onBlock(() => {
  preserveScroll(() => {
    for (const row of [...list.children]) if (isBlocked(row.dataset.person)) removeRow(row);
  });
  scheduleExpiry();
});
onMute(() => {
  preserveScroll(() => {
    for (const row of list.children) foldRow(row);
    renderAllQuotes();
  });
});
document.addEventListener('visibilitychange', () => document.hidden || refreshAges());
setInterval(refreshAges, TICK_MS);
