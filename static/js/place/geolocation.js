// The browser's Geolocation API: calls back with fixes finer than 1 km, or with the kind of error. Positions are not kept.

import { isBeyond } from './geohash.js';
import { anchoredAt, applyFix, applyTimeout, timeoutAt } from './movement.js';

const PATIENCE_MS = 10_000; // Chromium reports an error before each new emulated fix
const TIMEOUT_MS = 20_000;
const COARSE_M = 1000;
const FINAL = ['denied', 'polar']; // no other fix follows by itself
const KINDS = { 1: 'denied', 2: 'unavailable', 3: 'timeout' };

let permission = null;

/** Why no location can be had here, whatever somebody allows: insecure, missing or forbidden; '' where it can. */
export function obstacle() {
  if (!window.isSecureContext) return 'insecure';
  if (!navigator.geolocation) return 'missing';
  // Only Chromium tells the policy of the page; elsewhere it comes as a denial.
  const policy = document.permissionsPolicy ?? document.featurePolicy;
  return policy?.allowsFeature('geolocation') === false ? 'forbidden' : '';
}

/** 'granted', 'prompt' or 'denied'; 'prompt' where the browser does not say. */
export async function permissionState() {
  return (await queryPermission())?.state ?? 'prompt';
}

// A PermissionStatus, the same one each time: nobody else would keep it, and its events would end with it.
async function queryPermission() {
  try {
    permission ??= await navigator.permissions.query({ name: 'geolocation' });
  } catch {
    return null; // not every browser has the API, or knows this name
  }
  return permission;
}

/** Calls back when somebody allows it in the site settings, in browsers that say so; a button stands there as well. */
export async function onAllowed(listener) {
  const asked = await queryPermission();
  asked?.addEventListener?.('change', () => asked.state === 'granted' && listener());
}

/**
 * Calls onFix({lat, lon, accuracy}) with each fix finer than 1 km, and onError(kind, accuracyM): at once where no fix will follow,
 * and for what may heal by itself when none came for 10 s. Returns stop().
 * kind: denied, unavailable, timeout, coarse, polar, insecure, missing or forbidden.
 */
export function watchPosition(onFix, onError) {
  if (obstacle()) {
    onError(obstacle(), 0);
    return () => {};
  }
  // failingSince: since the start, or since the first error after the last fix.
  const state = { failingSince: performance.now(), fixed: false, stopped: false, timer: 0, permission: null };

  const fail = (kind, accuracy = 0) => {
    if (state.stopped || (state.fixed && kind === 'timeout')) return; // a device that lies still reports nothing new
    clearTimeout(state.timer);
    state.failingSince ??= performance.now();
    const wait = FINAL.includes(kind) ? 0 : state.failingSince + PATIENCE_MS - performance.now();
    if (wait > 0) state.timer = setTimeout(onError, wait, kind, accuracy);
    else onError(kind, accuracy);
  };
  const fix = ({ coords }) => {
    if (coords.accuracy > COARSE_M) return fail('coarse', coords.accuracy);
    if (isBeyond(coords.latitude)) return fail('polar');
    clearTimeout(state.timer);
    Object.assign(state, { failingSince: null, fixed: true });
    onFix({ lat: coords.latitude, lon: coords.longitude, accuracy: coords.accuracy });
  };

  // Not every browser tells a running watch that it has been forbidden.
  const onPermission = ({ target }) => target.state === 'denied' && fail('denied');
  queryPermission().then((asked) => state.stopped || (state.permission = asked)?.addEventListener?.('change', onPermission));
  const id = navigator.geolocation.watchPosition(fix, ({ code }) => fail(KINDS[code]), {
    enableHighAccuracy: true,
    maximumAge: 0, // a page that was hidden must not get a position from before
    timeout: TIMEOUT_MS,
  });
  return () => {
    state.stopped = true;
    clearTimeout(state.timer);
    state.permission?.removeEventListener?.('change', onPermission);
    navigator.geolocation.clearWatch(id);
  };
}

/** Resolves to the fix to begin with (movement.js) as {fix}, or to the error as {kind, accuracy}. */
export async function firstFix() {
  let stop = () => {};
  let movement = anchoredAt(null);
  let timer = 0;
  const found = await new Promise((resolve) => {
    const apply = ({ state, moved }) => {
      movement = state;
      clearTimeout(timer);
      const due = timeoutAt(state);
      if (moved) resolve({ fix: state.anchor });
      else if (due !== null) timer = setTimeout(() => apply(applyTimeout(movement, performance.now())), due - performance.now());
    };
    stop = watchPosition((fix) => apply(applyFix(movement, fix, performance.now())), (kind, accuracy) => resolve({ kind, accuracy }));
  });
  clearTimeout(timer);
  stop();
  return found;
}
