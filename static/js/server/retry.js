// When a socket is tried again: after a delay that grows, or at once at a sign of life, but not more often than every 2 s.

import { delayMs } from './backoff.js';
import * as clock from './clock.js';

const FLOOR_MS = 2000;

export class Retry {
  /** start() begins a try. */
  constructor(start) {
    this.start = start;
    this.attempt = 0;
    this.timer = 0;
    this.beganAt = -Infinity;
  }

  get pending() {
    return this.timer !== 0;
  }

  /** Milliseconds since the last try began. */
  get ageMs() {
    return clock.now() - this.beganAt;
  }

  /** A try begins, whatever its cause. */
  begin() {
    this.cancel();
    this.beganAt = clock.now();
  }

  /** The try was a success: the next delay is the first again. */
  succeed() {
    this.attempt = 0;
  }

  /** Schedules the next try; returns the delay in ms. */
  schedule() {
    const ms = delayMs(this.attempt);
    this.attempt += 1;
    this.arm(ms);
    return ms;
  }

  /** Starts a scheduled try now, or as soon as 2 s have passed since the last one. */
  hurry() {
    if (!this.pending) return;
    const left = FLOOR_MS - this.ageMs;
    if (left <= 0) this.run();
    else if (clock.now() + left < this.dueAt) this.arm(left);
  }

  cancel() {
    clearTimeout(this.timer);
    this.timer = 0;
  }

  arm(ms) {
    clearTimeout(this.timer);
    this.dueAt = clock.now() + ms;
    this.timer = setTimeout(() => this.run(), ms);
  }

  run() {
    this.cancel();
    this.start();
  }
}
