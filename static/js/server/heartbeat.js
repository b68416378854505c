// The heartbeat of an open socket: asks for a sign of life after some quiet, and gives the socket up if none comes.

import * as clock from './clock.js';

const CHECK_MS = 1000;

export class Heartbeat {
  /**
   * {quietMs, deadMs, probeMs}: ping after that much quiet, dead after that much, or so long after a probe. ping() returns whether
   * it was sent.
   */
  constructor({ quietMs, deadMs, probeMs, ping, onDead }) {
    Object.assign(this, { quietMs, deadMs, probeMs, ping, onDead });
    this.timer = 0;
    this.heardAt = 0;
    this.deadline = Infinity;
    this.pinged = false;
  }

  /** Milliseconds since the last frame. */
  get ageMs() {
    return clock.now() - this.heardAt;
  }

  start() {
    clearInterval(this.timer);
    this.timer = setInterval(() => this.check(), CHECK_MS);
    this.beat();
  }

  stop() {
    clearInterval(this.timer);
  }

  /** A frame came. */
  beat() {
    this.heardAt = clock.now();
    this.deadline = this.heardAt + this.deadMs;
    this.pinged = false;
  }

  /** Pings now, and waits no longer than a moment for the answer. */
  probe() {
    if (!this.ping()) return;
    this.pinged = true;
    this.deadline = Math.min(this.deadline, clock.now() + this.probeMs);
  }

  check() {
    if (clock.now() > this.deadline) this.onDead();
    else if (!this.pinged && this.ageMs > this.quietMs) this.pinged = this.ping();
  }
}
