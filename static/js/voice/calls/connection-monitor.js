// Monitors the connection of one call: notices that it does not come about, carries no packets or broke, and times the
// retries. What a retry sends is up to the peer.

import { now } from '../../server/clock.js';

const CONNECT_MS = 4000; // from an answer to a connection, where the way is slow
const ANSWER_MS = 1500;
const RESEND_MS = 1000; // a lost candidate is sent again before ICE is restarted
const RETRY_MS = 2000;
const GRACE_MS = 700; // a short disconnection mostly recovers by itself
const POLITE_MS = 1200; // the polite side lets the other one restart ICE first
const STEADY = 5; // retries before the timeouts grow
const CAP_MS = 10_000;
const BLIND_CAP_MS = 3000; // without any candidate a retry costs little, and finds a relay that is back
const HOPE_MS = 20_000;
const CHECK_MS = 1000;
const SILENT_MS = 2000; // even somebody muted sends a packet every 0.4 s; ICE itself notices after 6 s

export class ConnectionMonitor {
  /** peer: {pc, polite, candidates, unanswered, busy, begin(), sendDescription(), resendCandidates(), restart(), onChange()}. */
  constructor(peer) {
    this.peer = peer;
    this.closed = false;
    this.wasConnected = false;
    this.tries = 0;
    this.downSince = now();
    this.timer = 0;
    this.resendTimer = 0;
    this.lastTimestamp = 0;
    this.silentSince = Infinity;
    this.checker = setInterval(() => this.checkPackets(), CHECK_MS);
  }

  /** connecting, live, reconnecting or failed. */
  get state() {
    if (this.peer.pc?.connectionState === 'connected') return 'live';
    if (now() - this.downSince > HOPE_MS) return 'failed';
    return this.wasConnected ? 'reconnecting' : 'connecting';
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.resendTimer);
    clearInterval(this.checker);
  }

  // ---- Events of the peer ----------------------------------------------------------------------

  /** Something was sent that should lead to a connection; `anew` replaces a retry that is scheduled. */
  onStarted(anew = false) {
    this.scheduleRetry(this.timeoutMs(), anew);
  }

  /** It could not be sent. */
  onFailed() {
    this.scheduleRetry(RETRY_MS);
  }

  /** A candidate was sent. */
  onCandidateSent() {
    clearTimeout(this.resendTimer);
    this.resendTimer = setTimeout(() => this.healthy || this.peer.resendCandidates(), RESEND_MS);
  }

  /** The state of the connection changed. */
  onStateChange() {
    const state = this.peer.pc.connectionState;
    if (state === 'connected') {
      this.wasConnected = true;
      this.tries = 0;
      this.downSince = Infinity;
      this.cancelRetry();
    } else {
      if (this.downSince === Infinity) this.downSince = now();
      if (state === 'disconnected') this.scheduleRetry(GRACE_MS + this.politeDelayMs);
      if (state === 'failed') this.scheduleRetry(this.politeDelayMs);
    }
    this.peer.onChange();
  }

  /** Retries now, unless it is live. */
  retryNow() {
    if (this.state !== 'live') this.scheduleRetry(0, true);
  }

  // ---- Received packets ------------------------------------------------------------------------

  // Detects packets that stopped. Somebody without a microphone sends none, and has no source for long.
  checkPackets() {
    const [source] = this.peer.pc?.getReceivers()[0]?.getSynchronizationSources() ?? [];
    if (!source || source.timestamp !== this.lastTimestamp) {
      this.lastTimestamp = source?.timestamp;
      this.silentSince = source ? now() : Infinity;
    } else if (this.silent) {
      this.scheduleRetry(this.politeDelayMs);
    }
  }

  get silent() {
    return now() - this.silentSince > SILENT_MS;
  }

  get healthy() {
    return this.state === 'live' && !this.silent;
  }

  // ---- Retries ---------------------------------------------------------------------------------

  get politeDelayMs() {
    return this.peer.polite ? POLITE_MS : 0;
  }

  timeoutMs() {
    const first = this.peer.unanswered ? ANSWER_MS : this.wasConnected ? RETRY_MS : CONNECT_MS;
    const grown = first * 1.5 ** Math.max(0, this.tries - STEADY);
    return Math.min(grown, this.peer.candidates.length ? CAP_MS : BLIND_CAP_MS) + this.politeDelayMs;
  }

  scheduleRetry(ms, anew = false) {
    if (this.timer && !anew) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.retry(), ms);
  }

  cancelRetry() {
    clearTimeout(this.timer);
    this.timer = 0;
  }

  async retry() {
    this.timer = 0;
    if (this.closed) return;
    // Another try would put this page, and theirs, further behind.
    if (this.peer.busy) return this.onStarted();
    if (!this.peer.pc) {
      this.peer.begin();
      return;
    }
    const { unanswered } = this.peer;
    if (this.healthy && !unanswered) return;
    this.tries += 1;
    // An answer to either copy fits both; an ICE restart would make a late one useless.
    try {
      if (unanswered) this.peer.sendDescription();
      else await this.peer.restart();
    } finally {
      if (!this.closed) {
        this.onStarted();
        this.peer.onChange();
      }
    }
  }
}
