// All calls of this page: one Peer for each person and instance (page) of theirs in the server's list of peers.

import { now } from '../../server/clock.js';
import { Peer } from './peer.js';

const EARLY_MS = 10_000;
const EARLY_MAX = 40;
const KINDS = { 'voice.offer': ['offer', 'sdp'], 'voice.answer': ['answer', 'sdp'], 'voice.candidate': ['candidate', 'candidate'] };

export class Mesh {
  /** servers() resolves to RTCIceServer[]; send(frame); onStream(person_id, stream); onStreamEnd(person_id); onChange(person_id). */
  constructor(options) {
    Object.assign(this, options);
    this.calls = new Map(); // person_id: {peer, instance}
    this.early = []; // frames {frame, at} of calls that are not in the list yet: the two may arrive in any order
    this.track = null;
  }

  /** The state of the call with somebody, or null. */
  stateOf(id) {
    return this.calls.get(id)?.peer.state ?? null;
  }

  whyOf(id) {
    return this.calls.get(id)?.peer.why;
  }

  /** Starts and ends calls so that they match the list. */
  update(peers) {
    const wanted = new Map(peers.filter(({ instance }) => instance).map((one) => [one.person_id, one]));
    for (const [id, { instance }] of [...this.calls]) {
      if (wanted.get(id)?.instance !== instance) this.removeCall(id);
    }
    for (const [id, { instance, polite, direct, state }] of wanted) {
      const call = this.calls.get(id);
      if (!call) this.addCall(id, instance, polite, direct);
      else if (call.peer.direct !== direct) call.peer.setDirect(direct);
      this.calls.get(id).peer.away = state === 'away';
    }
  }

  /** Hands an offer, answer or candidate to its call; returns whether there is one, else keeps it for 10 s. */
  receive(frame) {
    const [kind, field] = KINDS[frame.type];
    const call = this.calls.get(frame.from);
    if (call?.instance === frame.instance) {
      call.peer.receive(kind, frame[field]);
      return true;
    }
    this.early = [...this.early.slice(1 - EARLY_MAX), { frame, at: now() }];
    return false;
  }

  setTrack(track) {
    if (this.track === track) return;
    this.track = track;
    for (const { peer } of this.calls.values()) peer.setTrack(track);
  }

  configure(servers) {
    for (const { peer } of this.calls.values()) peer.configure(servers);
  }

  restart() {
    for (const { peer } of this.calls.values()) peer.restart();
  }

  /** Retries now what may have been lost on the way. */
  retry() {
    for (const { peer } of this.calls.values()) peer.monitor.retryNow();
  }

  close() {
    for (const id of [...this.calls.keys()]) this.removeCall(id);
    this.early = [];
  }

  addCall(id, instance, polite, direct) {
    const peer = new Peer({
      polite,
      direct,
      track: this.track,
      servers: this.servers,
      send: (type, fields) => this.send({ type, to: id, ...fields }),
      onStream: (stream) => this.onStream(id, stream),
      onChange: () => this.onChange(id),
    });
    this.calls.set(id, { peer, instance });
    const fresh = this.early.filter(({ at }) => now() - at < EARLY_MS);
    const own = ({ frame }) => frame.from === id && frame.instance === instance;
    this.early = fresh.filter((one) => !own(one));
    for (const { frame } of fresh.filter(own)) this.receive(frame);
  }

  removeCall(id) {
    this.calls.get(id).peer.close();
    this.calls.delete(id);
    this.onStreamEnd(id);
  }
}
