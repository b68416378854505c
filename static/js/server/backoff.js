// How long to wait before the next try: the first comes within a second, so that after a server's death half of its
// people are back in three, and each later one within twice the time. When in it is left to chance alone (full jitter),
// so that those who lost the same server at the same moment do not come together.

const LEAST_MS = 100;
const FIRST_MS = 1000;
const CAP_MS = 30_000;

/** Milliseconds before try `attempt` (0 is the first after a loss); `random` in [0, 1). */
export function delayMs(attempt, random = Math.random()) {
  const latest = Math.min(CAP_MS, FIRST_MS * 2 ** attempt);
  return Math.round(LEAST_MS + (latest - LEAST_MS) * random);
}
