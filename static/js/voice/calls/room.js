// The voice room: joins over the signalling socket, applies the server's frames to facts.js, and hands the list of peers to
// the mesh of calls.

import { isBlocked } from '../../people/blocks.js';
import { DOOR_REF, forgetDoor, restoreDoor, sendDoor } from './door.js';
import { applyEnd, applyPeers, clearFacts, facts, peerOf } from './facts.js';
import * as ice from './ice.js';
import { act, forgetActs, refuseAct, settleActs, withoutDeclined } from './kept-acts.js';
import { Mesh } from './mesh.js';
import * as signaling from './signaling.js';

const MUTED_MS = 300; // holding to talk changes the mute quickly; the server counts frames
const RETRY_MS = 2000;
const MUTED_REF = 'voice-muted'; // names the frames that say whether this microphone is, so that a refusal of one is known

// Identifies this page over all of its sockets, so that calls outlive one. A reload makes another.
const pageId = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

let callbacks = {};
let joins = 0; // how often this page joined or left
let shieldCount = 0; // how often the shield was raised
let muted = false;
let mutedTimer = 0;
let retryTimer = 0;
let informed = new Map(); // person_id: the instance that knows whether this microphone is muted

export const mesh = new Mesh({
  servers: ice.iceServers,
  send: signaling.send,
  onStream: (id, stream) => callbacks.onStream(id, stream),
  onStreamEnd: (id) => callbacks.onStreamEnd(id),
  onChange: (id) => {
    if (mesh.stateOf(id) === 'live') sendMuted();
    callbacks.onChange();
  },
});

/**
 * Joins voice. handlers is {onChange(), onStream(id, stream), onStreamEnd(id), onRefused(frame), onUnmet(outcomes), onOver(why,
 * message)}: why is a close code, 'elsewhere' or 'muted', which comes with the server's message; outcomes are [outcome, peer] of what
 * you did while voice was lost and cannot be any more.
 */
export function join(policy, handlers) {
  callbacks = handlers;
  facts.requestedPolicy = policy;
  signaling.open({ onOpen, onFrame, onLost, onFinalClose: onOver });
  joins += 1;
  const mine = joins;
  ice.iceServers().then(() => mine === joins && ice.startRenewing((servers) => mesh.configure(servers)));
}

/** Joins anew with another policy: 'relay' or 'direct'. */
export function setPolicy(policy) {
  facts.requestedPolicy = policy;
  const sent = signaling.send(joinRequest());
  if (!sent && isRaisingShield()) mesh.close();
}

export function leave() {
  signaling.send({ type: 'voice.leave' });
  reset();
}

/** Sends `verb`: knock, accept or decline; it is not lost with a socket. */
export function sendAct(verb, id) {
  if (act(verb, id)) endCalls((one) => one === id);
}

/** Somebody was blocked: their call ends now, not with the server's next round. */
export function endBlocked() {
  endCalls(isBlocked);
  requestPeers();
}

function endCalls(isOver) {
  facts.peers = facts.peers.filter(({ person_id: id }) => !isOver(id));
  mesh.update(facts.peers);
}

export function requestPeers() {
  signaling.send({ type: 'voice.peers' });
}

export function setMuted(now) {
  if (muted === now) return;
  muted = now;
  sendMuted();
}

function joinRequest() {
  const instance = `${pageId}-${shieldCount + (isRaisingShield() ? 1 : 0)}`;
  return { type: 'voice.join', policy: facts.requestedPolicy, instance, door: facts.requestedDoor };
}

// A browser keeps a direct path that works, whatever policy is set later. So when the shield is raised all calls restart, on
// both sides, as those of another page would.
function isRaisingShield() {
  return facts.requestedPolicy === 'relay' && facts.policy === 'direct';
}

function restartBehindShield() {
  shieldCount += 1;
  mesh.close();
}

function reset() {
  joins += 1;
  signaling.close();
  mesh.close();
  forgetDoor();
  ice.stopRenewing();
  clearTimeout(mutedTimer);
  clearTimeout(retryTimer);
  informed = new Map();
  forgetActs();
  clearFacts();
}

/** Ends voice as the server's word does. */
export function onOver(why, message) {
  reset();
  callbacks.onOver(why, message);
}

function onOpen() {
  facts.online = true;
  signaling.send(joinRequest());
  callbacks.onChange();
}

function onLost() {
  facts.online = false;
  facts.joined = false;
  callbacks.onChange();
}

// ---- Frames from the server -----------------------------------------------------------------------

function onFrame(frame) {
  if (frame.type === 'voice.peers') onPeers(frame);
  else if (frame.type === 'voice.end') onEnd(frame);
  else if (frame.type === 'voice.state') facts.muted.set(frame.from, frame.muted);
  else if (frame.type === 'error') onRefused(frame);
  else if (frame.sdp || frame.candidate) negotiate(frame);
  callbacks.onChange();
}

function onPeers(frame) {
  const back = !facts.joined;
  const peers = back ? withoutDeclined(frame.peers) : frame.peers;
  if (facts.policy === 'direct' && frame.policy === 'relay') restartBehindShield();
  applyPeers({ ...frame, peers });
  mesh.update(peers);
  if (back) {
    mesh.retry();
    sendDoor();
    informed.clear(); // what was said of it meanwhile went to nobody
  }
  reportUnmet(settleActs(back));
  if (peers.some(({ person_id: id, instance: theirs }) => theirs && informed.get(id) !== theirs)) sendMuted();
}

function onEnd({ from, reason }) {
  const peer = peerOf(from);
  if (peer && !isBlocked(from)) applyEnd(peer, reason, () => callbacks.onChange());
}

function reportUnmet(unmet) {
  if (unmet.length) callbacks.onUnmet(unmet);
}

function negotiate(frame) {
  if (!mesh.receive(frame) && frame.sdp) requestPeers();
}

function onRefused(frame) {
  const { code, ref, retry_after: seconds } = frame;
  if (code === 'voice-elsewhere') return onOver('elsewhere');
  if (code === 'muted') return onOver('muted', frame.message);
  if (code === 'no-relay' && facts.joined) facts.requestedPolicy = facts.policy;
  if (ref === DOOR_REF && code !== 'not-joined') restoreDoor();
  if (ref === MUTED_REF) sendMuted(seconds ? seconds * 1000 : RETRY_MS);
  reportUnmet(refuseAct(ref, code, seconds));
  if (['out-of-reach', 'not-agreed', 'locked'].includes(code)) requestPeers();
  if (code === 'not-joined') onLost();
  if (!facts.joined && code !== 'no-relay' && (code === 'not-joined' || !ref)) {
    clearTimeout(retryTimer);
    retryTimer = setTimeout(() => signaling.send(joinRequest()), seconds ? seconds * 1000 : RETRY_MS);
  }
  return callbacks.onRefused(frame);
}

// While voice is lost nobody can be told: they are once it is back.
function sendMuted(afterMs = MUTED_MS) {
  clearTimeout(mutedTimer);
  mutedTimer = setTimeout(() => {
    if (!facts.joined) return;
    informed = new Map(facts.peers.map((peer) => [peer.person_id, peer.instance]));
    if (!signaling.send({ type: 'voice.state', muted, ref: MUTED_REF })) informed.clear();
  }, afterMs);
}
