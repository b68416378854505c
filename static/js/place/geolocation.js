// Where the phone is: watches the device's position and tells good fixes from troubles. Positions pass through and are not kept.

const PATIENCE_MS = 10_000; // Chromium reports an error before each new emulated fix
const TIMEOUT_MS = 20_000;
const COARSE_M = 1000;
const KINDS = { 1: 'denied', 2: 'unavailable', 3: 'timeout' };

export function supported() {
  return window.isSecureContext && 'geolocation' in navigator;
}

/** 'granted', 'prompt' or 'denied'; 'prompt' where the browser does not say. */
export async function permission() {
  try {
    return (await navigator.permissions.query({ name: 'geolocation' })).state;
  } catch {
    return 'prompt';
  }
}

/** Calls onFix({lat, lon}) with each fix finer than 1 km, onTrouble(kind, accuracyM) when none came for 10 s. Answers stop(). */
export function watch(onFix, onTrouble) {
  if (!supported()) {
    onTrouble('insecure');
    return () => {};
  }
  const state = { quietSince: Date.now(), fixed: false, kind: '', accuracy: 0, stopped: false, timer: 0 };

  const report = () => {
    if (!state.stopped && state.kind) onTrouble(state.kind, state.accuracy);
  };
  const trouble = async (kind, accuracy = 0) => {
    if (state.fixed && kind === 'timeout') return; // a device that lies still has nothing new to say
    Object.assign(state, { kind, accuracy });
    clearTimeout(state.timer);
    const sure = kind === 'denied' && (await permission()) === 'denied';
    if (state.kind === kind) state.timer = setTimeout(report, sure ? 0 : state.quietSince + PATIENCE_MS - Date.now());
  };
  const fix = ({ coords }) => {
    if (coords.accuracy > COARSE_M) return trouble('coarse', coords.accuracy);
    clearTimeout(state.timer);
    Object.assign(state, { quietSince: Date.now(), fixed: true, kind: '' });
    onFix({ lat: coords.latitude, lon: coords.longitude });
  };

  const id = navigator.geolocation.watchPosition(fix, (error) => trouble(KINDS[error.code]), {
    enableHighAccuracy: true,
    maximumAge: 0, // a page that was hidden must not hear where it was before
    timeout: TIMEOUT_MS,
  });
  return () => {
    state.stopped = true;
    clearTimeout(state.timer);
    navigator.geolocation.clearWatch(id);
  };
}

/** The first good fix as {fix}, or the trouble as {kind, accuracy}. */
export async function once() {
  let stop = () => {};
  const found = await new Promise((resolve) => {
    stop = watch((fix) => resolve({ fix }), (kind, accuracy) => resolve({ kind, accuracy }));
  });
  stop();
  return found;
}
