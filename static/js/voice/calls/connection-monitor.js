// The watch over one call: notices that it does not come about, fell silent or broke, and when to try again. What a try
// says is the peer's.

const CONNECT_MS = 4000; // from an answer to a connection, where the way is slow
const ANSWER_MS = 1500;
const ECHO_MS = 1000; // a candidate that got lost is said again before anything is begun anew
const RETRY_MS = 2000;
const GRACE_MS = 700; // a short silence mostly heals by itself
const YIELD_MS = 1200; // the polite side lets the other one start ICE anew first
const STEADY = 5; // this many tries before the waits grow
const CAP_MS = 10_000;
const BLIND_CAP_MS = 3000; // while no way out is found at all, trying costs little and finds a relay that is back
const HOPE_MS = 20_000;
const LISTEN_MS = 1000;
const SILENT_MS = 2000; // even somebody muted sends a packet every 0.4 s; ICE itself notices after 6 s

export class Watch {
  /** peer: {pc, polite, candidates, unanswered, say(), repeat(), restart(), changed()}. */
  constructor(peer) {
    this.peer = peer;
    this.over = false;
    this.was = false; // connected once
    this.tries = 0;
    this.downSince = Date.now();
    this.timer = 0;
    this.echo = 0;
    this.heardAt = 0;
    this.silentSince = Infinity;
    this.listening = setInterval(() => this.listen(), LISTEN_MS);
  }

  /** connecting, live, reconnecting or failed. */
  get state() {
    if (this.peer.pc?.connectionState === 'connected') return 'live';
    if (Date.now() - this.downSince > HOPE_MS) return 'failed';
    return this.was ? 'reconnecting' : 'connecting';
  }

  close() {
    this.over = true;
    clearTimeout(this.timer);
    clearTimeout(this.echo);
    clearInterval(this.listening);
  }

  // ---- What the peer tells ---------------------------------------------------------------------

  /** Something was begun that should lead to a connection; `anew` puts off a try that is due. */
  begun(anew = false) {
    this.due(this.pause(), anew);
  }

  /** It could not be begun. */
  stuck() {
    this.due(RETRY_MS);
  }

  /** A candidate was said. */
  said() {
    clearTimeout(this.echo);
    this.echo = setTimeout(() => this.sound || this.peer.repeat(), ECHO_MS);
  }

  /** The state of the connection changed. */
  moved() {
    const state = this.peer.pc.connectionState;
    if (state === 'connected') {
      this.was = true;
      this.tries = 0;
      this.downSince = Infinity;
      this.rest();
    } else {
      if (this.downSince === Infinity) this.downSince = Date.now();
      if (state === 'disconnected') this.due(GRACE_MS + this.yield);
      if (state === 'failed') this.due(this.yield);
    }
    this.peer.changed();
  }

  /** What may have got lost on the way is tried again now. */
  hurry() {
    if (this.state !== 'live') this.due(0, true);
  }

  // ---- What it hears ---------------------------------------------------------------------------

  // Packets that stopped, and not somebody who has no microphone: of those no source is known for long.
  listen() {
    const [source] = this.peer.pc?.getReceivers()[0]?.getSynchronizationSources() ?? [];
    if (!source || source.timestamp !== this.heardAt) {
      this.heardAt = source?.timestamp;
      this.silentSince = source ? Date.now() : Infinity;
    } else if (this.silent) {
      this.due(this.yield);
    }
  }

  get silent() {
    return Date.now() - this.silentSince > SILENT_MS;
  }

  get sound() {
    return this.state === 'live' && !this.silent;
  }

  // ---- When to try again -----------------------------------------------------------------------

  get yield() {
    return this.peer.polite ? YIELD_MS : 0;
  }

  pause() {
    const first = this.peer.unanswered ? ANSWER_MS : this.was ? RETRY_MS : CONNECT_MS;
    const grown = first * 1.5 ** Math.max(0, this.tries - STEADY);
    return Math.min(grown, this.peer.candidates.length ? CAP_MS : BLIND_CAP_MS) + this.yield;
  }

  due(ms, anew = false) {
    if (this.timer && !anew) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.again(), ms);
  }

  rest() {
    clearTimeout(this.timer);
    this.timer = 0;
  }

  async again() {
    this.timer = 0;
    if (this.over || !this.peer.pc) return;
    const { unanswered } = this.peer;
    if (this.sound && !unanswered) return;
    this.tries += 1;
    // An answer to either copy fits both; ICE started anew would make a late one useless.
    if (unanswered) this.peer.say();
    else await this.peer.restart();
    if (this.over) return;
    this.begun();
    this.peer.changed();
  }
}
