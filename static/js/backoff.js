// How long to wait before the next try: the first comes within a second, so that after a server's death half of its
// people are back in three; jitter keeps them from coming together.

const CAP_MS = 30_000;

/** Milliseconds before try `attempt` (0 is the first after a loss); `random` in [0, 1). */
export function delayMs(attempt, random = Math.random()) {
  if (attempt === 0) return Math.round(300 + 700 * random);
  const full = Math.min(CAP_MS, 1000 * 2 ** attempt);
  return Math.round(full * (0.5 + random / 2));
}
