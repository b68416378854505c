// One call: an RTCPeerConnection with one audio line. Who offers and who gives way is decided here (perfect negotiation,
// WebRTC 1.0, 10.7); what is said goes out by `send`, and connection-monitor.js sees that it leads somewhere.

import { wishing } from './sdp.js';
import { Watch } from './connection-monitor.js';

export class Peer {
  /**
   * polite, direct; track (or null); servers() resolves to RTCIceServer[]; send(type, fields); heard(stream); changed().
   */
  constructor(options) {
    Object.assign(this, options);
    this.pc = null;
    this.closed = false;
    this.making = false;
    this.candidates = []; // ours, since ICE last started
    this.watch = new Watch(this);
    this.turn = this.begin();
  }

  /** connecting, live, reconnecting or failed. */
  get state() {
    return this.watch.state;
  }

  /** Why it failed: no relay answers, or no way leads there. */
  get why() {
    return this.direct || this.candidates.length ? 'path' : 'relay';
  }

  /** Whether an offer of ours waits for its answer. */
  get unanswered() {
    return this.pc.signalingState === 'have-local-offer';
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
    if (this.unanswered) await this.offer();
  }

  close() {
    this.closed = true;
    this.watch.close();
    this.pc?.close();
  }

  // ---- To the other side -----------------------------------------------------------------------

  async begin() {
    const servers = await this.servers();
    if (this.closed) return;
    const pc = new RTCPeerConnection(this.configuration(servers));
    this.pc = pc;
    pc.onnegotiationneeded = () => this.offer();
    pc.onicecandidate = ({ candidate }) => candidate?.candidate && this.found(candidate.candidate);
    pc.ontrack = ({ track }) => this.heard(new MediaStream([track]));
    pc.onconnectionstatechange = () => this.watch.moved();
    if (!this.polite) pc.addTransceiver('audio', { direction: 'sendrecv' });
    await this.attach();
    this.watch.begun();
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
      this.watch.begun();
    } catch {
      this.watch.stuck();
    } finally {
      this.making = false;
    }
  }

  /** Says the description that stands, also once more. */
  say() {
    const { type, sdp } = this.pc.localDescription;
    this.send(`voice.${type}`, { sdp: wishing(sdp) });
  }

  found(candidate) {
    this.candidates.push(candidate);
    this.send('voice.candidate', { candidate });
    this.watch.said();
  }

  /** Says every candidate once more. */
  repeat() {
    for (const candidate of this.candidates) this.send('voice.candidate', { candidate });
  }

  // ---- From the other side ---------------------------------------------------------------------

  async take(kind, body) {
    if (kind === 'candidate') await this.pc.addIceCandidate({ candidate: body, sdpMLineIndex: 0 });
    else if (kind === 'offer') await this.answer(body);
    else if (this.unanswered) await this.pc.setRemoteDescription({ type: kind, sdp: body });
  }

  async answer(sdp) {
    const collision = this.making || this.pc.signalingState !== 'stable';
    if (collision && !this.polite) return;
    await this.pc.setRemoteDescription({ type: 'offer', sdp }); // takes back an offer of our own
    await this.attach();
    await this.pc.setLocalDescription();
    this.say();
    if (this.state !== 'live') this.watch.begun(true);
  }

  // A track that comes late or changes needs no new offer: the line is there for both ways from the start.
  async attach() {
    const [line] = this.pc?.getTransceivers() ?? [];
    if (!line || line.stopped) return;
    if (line.direction !== 'sendrecv') line.direction = 'sendrecv';
    await line.sender.replaceTrack(this.track);
  }
}
