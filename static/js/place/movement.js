// Decides whether a person has moved, from a state, a fix and a time; pure. A move needs several fixes outside the anchor's
// circle, or one for long: the position of a phone that lies still wanders by a hundred metres. Where there is no anchor yet the
// first fine fix counts, or after 5 s the best one: what is published would stand for minutes.

const FINE_M = 100;
const BEST_OF_MS = 5000;
const NEAR_M = 150;
const FAR_M = 1000;
const FIXES = 3;
const PATIENCE_MS = 20_000;
const EARTH_RADIUS_M = 6371008.8;

/**
 * The state around an anchor: {lat, lon}, or null where nothing was published yet; `last` is the fix that may count by time alone.
 */
export function anchoredAt(anchor) {
  return { anchor, outside: 0, since: null, last: null };
}

/**
 * Applies one fix {lat, lon, accuracy} at `now` (ms). `returned`: the page was hidden for a minute or more before it.
 * Returns {state, moved}; after a move the fix is the new anchor.
 */
export function applyFix(state, fix, now, returned = false) {
  if (!state.anchor) return applyFirst(state, fix, now);
  const away = distanceM(state.anchor, fix);
  if (away <= NEAR_M) return unmoved(anchoredAt(state.anchor));
  const since = state.since ?? now;
  const outside = state.outside + 1;
  if (returned || away > FAR_M || outside >= FIXES || now - since >= PATIENCE_MS) return moved(fix);
  return unmoved({ anchor: state.anchor, outside, since, last: fix });
}

function applyFirst({ since, last }, fix, now) {
  const best = last && last.accuracy < fix.accuracy ? last : fix;
  const begun = since ?? now;
  if (!(best.accuracy >= FINE_M) || now - begun >= BEST_OF_MS) return moved(best);
  return unmoved({ ...anchoredAt(null), since: begun, last: best });
}

/** Applies the time alone: a fix that waited for long enough counts without another, since a still device gives only one. */
export function applyTimeout(state, now) {
  const due = timeoutAt(state);
  return due !== null && now >= due ? moved(state.last) : unmoved(state);
}

/** When applyTimeout() is due (ms), or null while no fix waits. */
export function timeoutAt(state) {
  return state.since === null ? null : state.since + (state.anchor ? PATIENCE_MS : BEST_OF_MS);
}

/** Great-circle metres (R. W. Sinnott, Virtues of the Haversine, 1984). */
export function distanceM(a, b) {
  const radians = Math.PI / 180;
  const sinLat = Math.sin(((b.lat - a.lat) * radians) / 2);
  const sinLon = Math.sin(((b.lon - a.lon) * radians) / 2);
  const root = sinLat ** 2 + Math.cos(a.lat * radians) * Math.cos(b.lat * radians) * sinLon ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(root)));
}

function moved(fix) {
  return { state: anchoredAt({ lat: fix.lat, lon: fix.lon }), moved: true };
}

function unmoved(state) {
  return { state, moved: false };
}
