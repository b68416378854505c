// Location tracking: publishes a new cell when the person has moved (movement.js decides), while the page is visible.
// One tab locates at a time, by a lock; the others take its place over from the BroadcastChannel of published-place.js.

import { moment, now, since } from '../server/clock.js';
import { centre, encode, publishedCell } from './geohash.js';
import { whenFree } from '../page/locks.js';
import { watchPosition } from './geolocation.js';
import { anchoredAt, applyFix, applyTimeout, timeoutAt } from './movement.js';
import { currentPlace, currentRoughness, onPendingRoughness, onPlace, pendingRoughness, publish } from './published-place.js';

const HIDDEN_MS = 60_000;
const RETRY_MS = 10_000;

let movement = anchoredAt(null);
let hiddenAt = null;
let returned = false;
let wanted = '';
let publishing = false;
let stopWatching = null;
let releaseTurn = null;
let pendingTurn = null;
let timeoutTimer = 0;
let retryTimer = 0;
let callbacks = {};

/** Starts; handlers is {onError(kind, accuracyM), onFix()}. */
export function startTracking(handlers) {
  callbacks = handlers;
  const place = currentPlace();
  if (place) movement = anchoredAt(centre(place.cell));
  onPlace(({ cell }) => {
    // Another tab's publish: only its cell is known here.
    if (!stopWatching) movement = anchoredAt(centre(cell));
  });
  onPendingRoughness((waits) => waits && locateAnew());
  document.addEventListener('visibilitychange', onVisibility);
  onVisibility();
}

// Whichever tab locates: a device that lies still answers a new watch alone.
function locateAnew() {
  if (stopWatching) restartTracking();
}

/** Stops watching the device and starts again, after an error. */
export function restartTracking() {
  stopTracking();
  requestTurn();
}

/** Ends tracking with the visit. */
export function endTracking() {
  document.removeEventListener('visibilitychange', onVisibility);
  clearTimeout(retryTimer);
  wanted = '';
  stopTracking();
}

// A hidden page releases the lock: it gets no fixes, and a visible tab can locate instead.
function onVisibility() {
  if (document.hidden) {
    hiddenAt ??= moment();
    stopTracking();
    return;
  }
  returned = hiddenAt !== null && since(hiddenAt) >= HIDDEN_MS;
  hiddenAt = null;
  requestTurn();
}

function requestTurn() {
  if (stopWatching || pendingTurn) return;
  const turn = new AbortController();
  pendingTurn = turn;
  whenFree('neartalk.locate', turn.signal, () => {
    pendingTurn = null;
    if (pendingRoughness()) movement = anchoredAt(null); // it waits for the first fix, wherever that is
    stopWatching = watchPosition(onFix, callbacks.onError);
    return new Promise((resolve) => {
      releaseTurn = resolve;
    });
  });
}

function stopTracking() {
  clearTimeout(timeoutTimer);
  pendingTurn?.abort();
  stopWatching?.();
  releaseTurn?.();
  pendingTurn = stopWatching = releaseTurn = null;
}

function onFix(fix) {
  callbacks.onFix();
  applyMovement(applyFix(movement, fix, now(), returned));
  returned = false;
}

function applyMovement({ state, moved }) {
  movement = state;
  clearTimeout(timeoutTimer);
  const due = timeoutAt(state);
  if (due !== null) timeoutTimer = setTimeout(() => applyMovement(applyTimeout(movement, now())), Math.max(0, due - now()));
  if (!moved) return;
  wanted = encode(state.anchor.lat, state.anchor.lon);
  publishWanted();
}

async function publishWanted() {
  clearTimeout(retryTimer);
  if (publishing || !wanted) return;
  if (!pendingRoughness() && publishedCell(wanted, currentRoughness()) === currentPlace()?.cell) {
    wanted = '';
    return;
  }
  publishing = true;
  const cell = wanted;
  const { done, retryAfter, refusal } = await publish({ cell });
  publishing = false;
  if ((done && wanted === cell) || refusal?.dataset.code === 'banned') wanted = '';
  if (wanted) retryTimer = setTimeout(publishWanted, done ? 0 : retryAfter * 1000 || RETRY_MS);
}
