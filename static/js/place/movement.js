// When a person has moved: pure decisions over a state, a fix and a time. Phones wander by a hundred metres while they lie
// still, so one fix outside the circle around the last place says nothing yet.

const NEAR_M = 150;
const FAR_M = 1000;
const FIXES = 3;
const PATIENCE_MS = 20_000;
const EARTH_RADIUS_M = 6371008.8;

/** The state around an anchor: {lat, lon}, or null where nothing was published yet. */
export function settled(anchor) {
  return { anchor, outside: 0, since: null, last: null };
}

/**
 * Judges one fix {lat, lon} at `now` (ms). `returned`: the page was hidden for a minute or more before it.
 * Answers {state, moved}; after a move the fix is the new anchor.
 */
export function judge(state, fix, now, returned = false) {
  if (!state.anchor) return move(fix);
  const away = metres(state.anchor, fix);
  if (away <= NEAR_M) return stay(settled(state.anchor));
  const since = state.since ?? now;
  const outside = state.outside + 1;
  if (returned || away > FAR_M || outside >= FIXES || now - since >= PATIENCE_MS) return move(fix);
  return stay({ anchor: state.anchor, outside, since, last: fix });
}

/** A still device gives one fix and no more: what stands outside long enough counts without another. */
export function wait(state, now) {
  const due = dueAt(state);
  return due !== null && now >= due ? move(state.last) : stay(state);
}

/** When wait() decides (ms), or null while nothing is outside. */
export function dueAt(state) {
  return state.since === null ? null : state.since + PATIENCE_MS;
}

/** Great-circle metres (R. W. Sinnott, Virtues of the Haversine, 1984). */
export function metres(a, b) {
  const radians = Math.PI / 180;
  const sinLat = Math.sin(((b.lat - a.lat) * radians) / 2);
  const sinLon = Math.sin(((b.lon - a.lon) * radians) / 2);
  const root = sinLat ** 2 + Math.cos(a.lat * radians) * Math.cos(b.lat * radians) * sinLon ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(root)));
}

function move(fix) {
  return { state: settled({ lat: fix.lat, lon: fix.lon }), moved: true };
}

function stay(state) {
  return { state, moved: false };
}
