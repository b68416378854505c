// The browser's Geolocation API: calls back with fixes finer than 1 km, or with the kind of error. Positions are not kept.

import { isBeyond } from './geohash.js';

const PATIENCE_MS = 10_000; // Chromium reports an error before each new emulated fix
const TIMEOUT_MS = 20_000;
const COARSE_M = 1000;
const KINDS = { 1: 'denied', 2: 'unavailable', 3: 'timeout' };

export function isSupported() {
  return window.isSecureContext && 'geolocation' in navigator;
}

/** 'granted', 'prompt' or 'denied'; 'prompt' where the browser does not say. */
export async function permissionState() {
  try {
    return (await navigator.permissions.query({ name: 'geolocation' })).state;
  } catch {
    return 'prompt';
  }
}

/**
 * Calls onFix({lat, lon}) with each fix finer than 1 km, and onError(kind, accuracyM) when none came for 10 s. Returns stop().
 * kind: denied, unavailable, timeout, coarse, polar or insecure.
 */
export function watchPosition(onFix, onError) {
  if (!isSupported()) {
    onError('insecure');
    return () => {};
  }
  const state = { quietSince: Date.now(), fixed: false, kind: '', accuracy: 0, stopped: false, timer: 0 };

  const report = () => {
    if (!state.stopped && state.kind) onError(state.kind, state.accuracy);
  };
  const fail = async (kind, accuracy = 0) => {
    if (state.fixed && kind === 'timeout') return; // a device that lies still reports nothing new
    Object.assign(state, { kind, accuracy });
    clearTimeout(state.timer);
    const sure = kind === 'polar' || kind === 'denied' && (await permissionState()) === 'denied';
    if (state.kind === kind) state.timer = setTimeout(report, sure ? 0 : state.quietSince + PATIENCE_MS - Date.now());
  };
  const fix = ({ coords }) => {
    if (coords.accuracy > COARSE_M) return fail('coarse', coords.accuracy);
    if (isBeyond(coords.latitude)) return fail('polar');
    clearTimeout(state.timer);
    Object.assign(state, { quietSince: Date.now(), fixed: true, kind: '' });
    onFix({ lat: coords.latitude, lon: coords.longitude });
  };

  const id = navigator.geolocation.watchPosition(fix, (error) => fail(KINDS[error.code]), {
    enableHighAccuracy: true,
    maximumAge: 0, // a page that was hidden must not get a position from before
    timeout: TIMEOUT_MS,
  });
  return () => {
    state.stopped = true;
    clearTimeout(state.timer);
    navigator.geolocation.clearWatch(id);
  };
}

/** Resolves to the first good fix as {fix}, or to the error as {kind, accuracy}. */
export async function firstFix() {
  let stop = () => {};
  const found = await new Promise((resolve) => {
    stop = watchPosition((fix) => resolve({ fix }), (kind, accuracy) => resolve({ kind, accuracy }));
  });
  stop();
  return found;
}
