// One call: an RTCPeerConnection with one audio line, kept alive. Who offers, who gives way and when to start ICE anew is
// decided here (perfect negotiation, WebRTC 1.0, 10.7); what is said goes out by `send`.

import { wishing } from './sdp.js';

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

export class Peer {
  /**
   * polite, direct; track (or null); servers() resolves to RTCIceServer[]; send(type, fields); heard(stream); changed().
   */
  constructor(options) {
    Object.assign(this, options);
    this.pc = null;
    this.closed = false;
    this.making = false;
    this.ignoring = false;
    this.was = false; // connected once
    this.tries = 0;
    this.downSince = Date.now();
    this.timer = 0;
    this.candidates = []; // ours, since ICE last started
    this.echo = 0;
    this.heardAt = 0;
    this.silentSince = Infinity;
    this.turn = this.begin();
    this.listening = setInterval(() => this.listen(), LISTEN_MS);
  }

  /** connecting, live, reconnecting or failed. */
  get state() {
    if (this.pc?.connectionState === 'connected') return 'live';
    if (Date.now() - this.downSince > HOPE_MS) return 'failed';
    return this.was ? 'reconnecting' : 'connecting';
  }

  /** Why it failed: no relay answers, or no way leads there. */
  get why() {
    return this.direct || this.candidates.length ? 'path' : 'relay';
  }

  receive(kind, body) {
    this.turn = this.turn.then(() => !this.closed && this.take(kind, body)).catch(() => {});
  }

  setTrack(track) {
    this.track = track;
    this.turn = this.turn.then(() => this.attach()).catch(() => {});
  }

  configure(servers) {
    if (this.pc?.signalingState !== 'closed') this.pc?.setConfiguration(this.configuration(servers));
  }

  /** Both chose to be seen, or no longer. */
  redirect(direct) {
    this.direct = direct;
    this.restart();
  }

  /** Gathers anew, on a network that changed or over a relay that forgot us. What is heard goes on meanwhile. */
  async restart() {
    const servers = await this.servers();
    if (this.closed || !this.pc) return;
    this.configure(servers);
    if (this.polite && !this.pc.remoteDescription) return;
    this.candidates = [];
    this.pc.restartIce();
    // The event waits for a stable state, which may never come if the offer was lost.
    if (this.pc.signalingState === 'have-local-offer') await this.offer();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.echo);
    clearInterval(this.listening);
    this.pc?.close();
  }

  // ---- Negotiation -----------------------------------------------------------------------------

  async begin() {
    const servers = await this.servers();
    if (this.closed) return;
    const pc = new RTCPeerConnection(this.configuration(servers));
    this.pc = pc;
    pc.onnegotiationneeded = () => this.offer();
    pc.onicecandidate = ({ candidate }) => this.candidate(candidate);
    pc.ontrack = ({ track }) => this.heard(new MediaStream([track]));
    pc.onconnectionstatechange = () => this.moved();
    if (!this.polite) pc.addTransceiver('audio', { direction: 'sendrecv' });
    await this.attach();
    this.due(this.pause());
  }

  configuration(servers) {
    return { iceServers: servers, iceTransportPolicy: this.direct ? 'all' : 'relay', bundlePolicy: 'max-bundle' };
  }

  async offer() {
    if (this.closed || (this.polite && !this.pc.remoteDescription)) return;
    try {
      this.making = true;
      await this.pc.setLocalDescription();
      this.say();
      this.due(this.pause());
    } catch {
      this.due(RETRY_MS);
    } finally {
      this.making = false;
    }
  }

  say() {
    const { type, sdp } = this.pc.localDescription;
    this.send(`voice.${type}`, { sdp: wishing(sdp) });
  }

  candidate(candidate) {
    if (!candidate?.candidate) return;
    this.candidates.push(candidate.candidate);
    this.send('voice.candidate', { candidate: candidate.candidate });
    clearTimeout(this.echo);
    this.echo = setTimeout(() => this.repeat(), ECHO_MS);
  }

  repeat() {
    if (this.closed || (this.state === 'live' && !this.silent)) return;
    for (const candidate of this.candidates) this.send('voice.candidate', { candidate });
  }

  async take(kind, body) {
    if (kind === 'candidate') await this.pc.addIceCandidate({ candidate: body, sdpMLineIndex: 0 });
    else if (kind === 'offer') await this.answer(body);
    else if (this.pc.signalingState === 'have-local-offer') await this.pc.setRemoteDescription({ type: kind, sdp: body });
  }

  async answer(sdp) {
    const collision = this.making || this.pc.signalingState !== 'stable';
    this.ignoring = collision && !this.polite;
    if (this.ignoring) return;
    await this.pc.setRemoteDescription({ type: 'offer', sdp }); // takes back an offer of our own
    await this.attach();
    await this.pc.setLocalDescription();
    this.say();
    if (this.state !== 'live') this.due(this.pause(), true);
  }

  // A track that comes late or changes needs no new offer: the line is there for both ways from the start.
  async attach() {
    const [line] = this.pc?.getTransceivers() ?? [];
    if (!line || line.stopped) return;
    if (line.direction !== 'sendrecv') line.direction = 'sendrecv';
    await line.sender.replaceTrack(this.track);
  }

  // ---- Watch -----------------------------------------------------------------------------------

  moved() {
    const state = this.pc.connectionState;
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
    this.changed();
  }

  // Packets that stopped, and not somebody who has no microphone: of those no source is known for long.
  listen() {
    const [source] = this.pc?.getReceivers()[0]?.getSynchronizationSources() ?? [];
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

  get yield() {
    return this.polite ? YIELD_MS : 0;
  }

  pause() {
    const waiting = this.pc.signalingState === 'have-local-offer';
    const first = waiting ? ANSWER_MS : this.was ? RETRY_MS : CONNECT_MS;
    const grown = first * 1.5 ** Math.max(0, this.tries - STEADY);
    return Math.min(grown, this.candidates.length ? CAP_MS : BLIND_CAP_MS) + this.yield;
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
    if (this.closed || !this.pc) return;
    const waiting = this.pc.signalingState === 'have-local-offer';
    if (this.state === 'live' && !this.silent && !waiting) return;
    this.tries += 1;
    // An answer to either copy fits both; ICE started anew would make a late one useless.
    if (waiting) this.say();
    else await this.restart();
    if (this.closed) return;
    this.due(this.pause());
    this.changed();
  }
}
