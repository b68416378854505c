// Exponential backoff with full jitter: the first retry comes within a second, each later one within twice the time, up to
// 30 s. Jitter spreads out the pages that lost the same server at the same moment; the short first delay brings half of
// them back within three seconds.

const LEAST_MS = 100;
const FIRST_MS = 1000;
const CAP_MS = 30_000;

/** Milliseconds before try `attempt` (0 is the first after a loss); `random` in [0, 1). */
export function delayMs(attempt, random = Math.random()) {
  const latest = Math.min(CAP_MS, FIRST_MS * 2 ** attempt);
  return Math.round(LEAST_MS + (latest - LEAST_MS) * random);
}
