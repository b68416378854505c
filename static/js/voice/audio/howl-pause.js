// After a howl nobody is heard for a moment, which ends it; if it comes again soon, for longer each time.

import { clearNotice, showNotice } from '../panel/notices.js';
import { TURN_ON, howl } from '../panel/notice-words.js';
import { setSilences } from './output.js';

const FIRST_MS = 3000;
const LONGEST_MS = 48_000;
const SOON_MS = 60_000; // after the last one ended

let timer = 0;
let lengthMs = 0;
let endedMs = -Infinity;

/** Silences everybody, and says so. */
export function begin() {
  const soon = performance.now() - endedMs < SOON_MS;
  lengthMs = soon ? Math.min(2 * lengthMs, LONGEST_MS) : FIRST_MS;
  setSilences({ howl: true });
  showNotice('howl', { ...howl, actions: [{ label: TURN_ON, run: end }] });
  clearTimeout(timer);
  timer = setTimeout(end, lengthMs);
}

export function end() {
  clearTimeout(timer);
  endedMs = performance.now();
  setSilences({ howl: false });
  clearNotice('howl');
}

/** Ends it, and forgets that it howled. */
export function clear() {
  end();
  endedMs = -Infinity;
}
