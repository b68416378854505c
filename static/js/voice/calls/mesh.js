// All calls of this page: the server's list says with whom, this makes it so. One Peer for each (person, their page).

import { Peer } from './peer.js';

const EARLY_MS = 10_000;
const EARLY_MAX = 40;
const KINDS = { 'voice.offer': ['offer', 'sdp'], 'voice.answer': ['answer', 'sdp'], 'voice.candidate': ['candidate', 'candidate'] };

export class Mesh {
  /** servers() resolves to RTCIceServer[]; send(frame); heard(person_id, stream); silent(person_id); changed(person_id). */
  constructor(options) {
    Object.assign(this, options);
    this.calls = new Map(); // person_id: {peer, instance}
    this.early = []; // frames of calls that the list does not have yet: two ways lead here, in any order
    this.track = null;
  }

  /** The state of the call with somebody, or null. */
  stateOf(id) {
    return this.calls.get(id)?.peer.state ?? null;
  }

  whyOf(id) {
    return this.calls.get(id)?.peer.why;
  }

  update(peers) {
    const wanted = new Map(peers.filter(({ instance }) => instance).map((one) => [one.person_id, one]));
    for (const [id, { instance }] of [...this.calls]) {
      if (wanted.get(id)?.instance !== instance) this.end(id);
    }
    for (const [id, { instance, polite, direct }] of wanted) {
      const call = this.calls.get(id);
      if (!call) this.begin(id, instance, polite, direct);
      else if (call.peer.direct !== direct) call.peer.redirect(direct);
    }
  }

  /** Takes an offer, answer or candidate; says whether it was for a call that is known. */
  receive(frame) {
    const [kind, field] = KINDS[frame.type];
    const call = this.calls.get(frame.from);
    if (call?.instance === frame.instance) {
      call.peer.receive(kind, frame[field]);
      return true;
    }
    this.early = [...this.early.slice(1 - EARLY_MAX), { frame, at: Date.now() }];
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

  /** What may have got lost on the way is tried again now. */
  retry() {
    for (const { peer } of this.calls.values()) peer.watch.hurry();
  }

  close() {
    for (const id of [...this.calls.keys()]) this.end(id);
    this.early = [];
  }

  begin(id, instance, polite, direct) {
    const peer = new Peer({
      polite,
      direct,
      track: this.track,
      servers: this.servers,
      send: (type, fields) => this.send({ type, to: id, ...fields }),
      heard: (stream) => this.heard(id, stream),
      changed: () => this.changed(id),
    });
    this.calls.set(id, { peer, instance });
    const fresh = this.early.filter(({ at }) => Date.now() - at < EARLY_MS);
    const own = ({ frame }) => frame.from === id && frame.instance === instance;
    this.early = fresh.filter((one) => !own(one));
    for (const { frame } of fresh.filter(own)) this.receive(frame);
  }

  end(id) {
    this.calls.get(id).peer.close();
    this.calls.delete(id);
    this.silent(id);
  }
}
