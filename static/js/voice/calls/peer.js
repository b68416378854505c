// One call: an RTCPeerConnection with one audio line, negotiated by perfect negotiation (WebRTC 1.0, 10.7). Frames go out by
// `send`; connection-monitor.js decides when to try again.

import { now } from '../../server/clock.js';
import { isCopy, withOpusOptions } from './sdp.js';
import { ConnectionMonitor } from './connection-monitor.js';
import { relay } from './relay.js';
import { Kinds, reasonOf } from './why.js';

const STUCK_MS = 10_000;

export class Peer {
  /**
   * polite, direct; track (or null); servers(doubted) resolves to RTCIceServer[]; send(type, fields); onStream(stream); onChange().
   */
  constructor(options) {
    Object.assign(this, options);
    this.pc = null;
    this.closed = false;
    this.waiting = 0; // descriptions and candidates of theirs that are not applied yet
    this.appliedAt = now(); // the last of them
    this.newestOffer = null; // of theirs
    this.makingOffer = false;
    this.candidates = []; // ours, since ICE last started
    this.kinds = { own: new Kinds(), theirs: new Kinds() };
    this.away = false; // their socket is gone for the moment
    this.monitor = new ConnectionMonitor(this);
    this.begin();
  }

  /** connecting, live, reconnecting or failed. */
  get state() {
    return this.monitor.state;
  }

  /** Why it does not come about, as reasonOf() says. */
  get why() {
    return reasonOf({
      away: this.away,
      made: Boolean(this.pc),
      relay: relay.state,
      direct: this.direct,
      own: this.kinds.own.all,
      theirs: this.kinds.theirs.all,
      answered: Boolean(this.pc?.remoteDescription) && !this.unanswered,
    });
  }

  /** Whether our offer has no answer yet. */
  get unanswered() {
    return this.pc?.signalingState === 'have-local-offer';
  }

  /** Whether this page is behind with what they sent: what seems lost may be among it. */
  get busy() {
    return this.waiting > 0 && now() - this.appliedAt < STUCK_MS;
  }

  receive(kind, body) {
    if (kind === 'offer') this.newestOffer = body;
    if (!this.waiting) this.appliedAt = now();
    this.waiting += 1;
    this.queue = this.queue.then(() => !this.closed && this.applyRemote(kind, body)).catch(() => {}).finally(() => this.onApplied());
  }

  onApplied() {
    this.waiting -= 1;
    this.appliedAt = now();
  }

  setTrack(track) {
    this.track = track;
    this.queue = this.queue.then(() => this.attach()).catch(() => {});
  }

  configure(servers) {
    if (this.pc?.signalingState !== 'closed') this.pc?.setConfiguration(this.configuration(servers));
  }

  /** Allows direct paths, if both sides chose so, or only the relay. */
  setDirect(direct) {
    this.direct = direct;
    this.restart();
  }

  /** Restarts ICE: on another network, or over a relay that lost the allocation. Audio goes on meanwhile. */
  async restart() {
    const servers = await this.servers(this.state === 'failed');
    if (this.closed || !this.pc) return;
    this.configure(servers);
    if (this.polite && !this.pc.remoteDescription) return;
    this.candidates = [];
    for (const kinds of Object.values(this.kinds)) kinds.restart();
    this.pc.restartIce();
    // The event waits for a stable state, which may never come if the offer was lost.
    if (this.unanswered) await this.offer();
  }

  close() {
    this.closed = true;
    this.monitor.close();
    this.pc?.close();
  }

  // ---- To the other side -----------------------------------------------------------------------

  /** Begins the connection; the monitor begins it again if it could not be made. */
  begin() {
    this.queue = this.start().catch(() => this.monitor.onFailed());
  }

  async start() {
    const servers = await this.servers();
    if (this.closed) return;
    const pc = new RTCPeerConnection(this.configuration(servers));
    this.pc = pc;
    pc.onnegotiationneeded = () => this.offer();
    pc.onicecandidate = ({ candidate }) => candidate?.candidate && this.onCandidate(candidate.candidate);
    pc.ontrack = ({ track }) => this.onStream(new MediaStream([track]));
    pc.onconnectionstatechange = () => this.monitor.onStateChange();
    if (!this.polite) pc.addTransceiver('audio', { direction: 'sendrecv' });
    await this.attach();
    this.monitor.onStarted();
  }

  configuration(servers) {
    return { iceServers: servers, iceTransportPolicy: this.direct ? 'all' : 'relay', bundlePolicy: 'max-bundle' };
  }

  async offer() {
    if (this.closed || (this.polite && !this.pc.remoteDescription)) return;
    try {
      this.makingOffer = true;
      await this.pc.setLocalDescription();
      this.sendDescription();
      this.monitor.onStarted();
    } catch {
      this.monitor.onFailed();
    } finally {
      this.makingOffer = false;
    }
  }

  /** Sends the local description, the first time or again. */
  sendDescription() {
    const { type, sdp } = this.pc.localDescription;
    this.send(`voice.${type}`, { sdp: withOpusOptions(sdp) });
  }

  onCandidate(candidate) {
    this.candidates.push(candidate);
    this.kinds.own.add(candidate);
    this.send('voice.candidate', { candidate });
    this.monitor.onCandidateSent();
  }

  /** Sends every candidate again. */
  resendCandidates() {
    for (const candidate of this.candidates) this.send('voice.candidate', { candidate });
  }

  // ---- From the other side ---------------------------------------------------------------------

  async applyRemote(kind, body) {
    this.kinds.theirs.add(body);
    if (kind === 'candidate') await this.pc.addIceCandidate({ candidate: body, sdpMLineIndex: 0 });
    else if (kind === 'answer' && this.unanswered) await this.pc.setRemoteDescription({ type: kind, sdp: body });
    else if (kind === 'offer' && body === this.newestOffer) await this.answer(body);
  }

  // An offer that comes again has lost its answer: that goes out again, and nothing is negotiated twice.
  async answer(sdp) {
    const { signalingState, remoteDescription } = this.pc;
    if (signalingState === 'stable' && remoteDescription?.type === 'offer' && isCopy(sdp, remoteDescription.sdp)) {
      this.sendDescription();
      await this.addCandidatesOf(sdp);
      return;
    }
    const collision = this.makingOffer || signalingState !== 'stable';
    if (collision && !this.polite) return;
    await this.pc.setRemoteDescription({ type: 'offer', sdp }); // rolls back an offer of our own
    await this.attach();
    await this.pc.setLocalDescription();
    this.sendDescription();
    if (this.state !== 'live') this.monitor.onStarted(true);
  }

  async addCandidatesOf(sdp) {
    for (const [, candidate] of sdp.matchAll(/^a=(candidate:.*?)\r?$/gm)) await this.pc.addIceCandidate({ candidate, sdpMLineIndex: 0 });
  }

  // A track that comes late or changes needs no new offer: the line is sendrecv from the start.
  async attach() {
    const [line] = this.pc?.getTransceivers() ?? [];
    if (!line || line.stopped) return;
    if (line.direction !== 'sendrecv') line.direction = 'sendrecv';
    await line.sender.replaceTrack(this.track);
  }
}
