// Being in voice: joined over the signalling socket, the server's list turned into calls, and what happened to them.

import { isBlocked } from '../../people/blocks.js';
import * as ice from './ice.js';
import { Mesh } from './mesh.js';
import * as signal from './signaling.js';

const ENDED_MS = 10_000;
const TELL_MS = 300; // holding to talk changes the mute quickly; the server counts frames
const AGAIN_MS = 2000;
const UNKNOWN = { joined: false, online: true, wish: 'relay', policy: '', peers: [], unheard: [], count: 0, limit: 0 };

/**
 * What is known: joined, online, wish (the policy asked for), policy, peers, unheard, count and limit as the server said
 * them, and by person ended {peer, reason}, muted (they muted themselves), until (ms, when a knock is possible again) and
 * taken (this page said no last).
 */
export const facts = { ...UNKNOWN, ended: new Map(), muted: new Map(), until: new Map(), taken: new Set() };

// The same over every socket of this page: calls go on. Another page, also this one after a reload, has another.
const life = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

let hear = {};
let raised = 0; // how often the shield went up
let muted = false;
let tellTimer = 0;
let againTimer = 0;
let told = new Map(); // person_id: the instance that was told whether this microphone is muted

export const mesh = new Mesh({
  servers: ice.servers,
  send: signal.send,
  heard: (id, stream) => hear.heard(id, stream),
  silent: (id) => hear.silent(id),
  changed: (id) => {
    if (mesh.stateOf(id) === 'live') tell();
    hear.changed();
  },
});

/**
 * Enters voice. hear is {changed(), heard(id, stream), silent(id), refused(frame), over(why, message)}: why is a close code,
 * 'elsewhere' or 'muted', of which the server's message tells.
 */
export function join(policy, listener) {
  hear = listener;
  facts.wish = policy;
  signal.open({ open: opened, frame: take, lost, final: over });
  ice.servers().then(() => ice.keepFresh((servers) => mesh.configure(servers)));
}

/** Goes on by another policy. */
export function choose(policy) {
  facts.wish = policy;
  const asked = signal.send(request());
  if (!asked && raising()) mesh.close();
}

export function leave() {
  signal.send({ type: 'voice.leave' });
  reset();
}

/** knock, accept or decline. */
export function act(verb, id) {
  if (verb === 'decline') facts.ended.delete(id);
  facts.taken[verb === 'decline' ? 'add' : 'delete'](id);
  signal.send({ type: `voice.${verb}`, to: id });
}

export function ask() {
  signal.send({ type: 'voice.peers' });
}

export function tellMuted(now) {
  if (muted === now) return;
  muted = now;
  tell();
}

function request() {
  return { type: 'voice.join', policy: facts.wish, instance: `${life}-${raised + (raising() ? 1 : 0)}` };
}

// A browser keeps a direct way that works, whatever it is told later. So behind a shield all calls begin anew, on both
// sides, as with another page.
function raising() {
  return facts.wish === 'relay' && facts.policy === 'direct';
}

function shielded() {
  raised += 1;
  mesh.close();
}

function reset() {
  signal.close();
  mesh.close();
  ice.rest();
  clearTimeout(tellTimer);
  clearTimeout(againTimer);
  told = new Map();
  for (const each of [facts.ended, facts.muted, facts.until, facts.taken]) each.clear();
  Object.assign(facts, UNKNOWN);
}

function over(why, message) {
  reset();
  hear.over(why, message);
}

function opened() {
  facts.online = true;
  signal.send(request());
  hear.changed();
}

function lost() {
  facts.online = false;
  facts.joined = false;
  hear.changed();
}

// ---- What the server says ------------------------------------------------------------------------

function take(frame) {
  if (frame.type === 'voice.peers') listed(frame);
  else if (frame.type === 'voice.end') ended(frame);
  else if (frame.type === 'voice.state') facts.muted.set(frame.from, frame.muted);
  else if (frame.type === 'error') refused(frame);
  else if (frame.sdp || frame.candidate) negotiate(frame);
  hear.changed();
}

function listed({ policy, peers, unheard, count, limit }) {
  const back = !facts.joined;
  if (facts.policy === 'direct' && policy === 'relay') shielded();
  Object.assign(facts, { joined: true, online: true, policy, peers, unheard, count, limit });
  facts.wish = policy;
  for (const peer of peers) learn(peer);
  mesh.update(peers);
  if (back) mesh.retry();
  if (peers.some(({ person_id: id, instance: theirs }) => theirs && told.get(id) !== theirs)) tell();
}

function learn({ person_id: id, state, retry_after: seconds }) {
  if (state === 'declined') facts.until.set(id, Date.now() + seconds * 1000);
  else facts.until.delete(id);
  if (state !== 'near' && state !== 'declined') facts.ended.delete(id);
}

function ended({ from, reason }) {
  const peer = facts.peers.find((one) => one.person_id === from);
  if (!peer || isBlocked(from)) return;
  const mark = { peer, reason };
  facts.ended.set(from, mark);
  facts.muted.delete(from);
  setTimeout(() => {
    if (facts.ended.get(from) !== mark) return;
    facts.ended.delete(from);
    hear.changed();
  }, ENDED_MS);
}

function negotiate(frame) {
  if (!mesh.receive(frame) && frame.sdp) ask();
}

function refused(frame) {
  const { code, ref, retry_after: seconds } = frame;
  if (code === 'voice-elsewhere') return over('elsewhere');
  if (code === 'muted') return over('muted', frame.message);
  if (code === 'no-relay' && facts.joined) facts.wish = facts.policy;
  if (code === 'out-of-reach' || code === 'not-agreed') ask();
  if (code === 'not-joined') lost();
  if (!ref && !facts.joined && code !== 'no-relay') {
    clearTimeout(againTimer);
    againTimer = setTimeout(() => signal.send(request()), seconds ? seconds * 1000 : AGAIN_MS);
  }
  return hear.refused(frame);
}

function tell() {
  clearTimeout(tellTimer);
  tellTimer = setTimeout(() => {
    told = new Map(facts.peers.map((peer) => [peer.person_id, peer.instance]));
    if (!signal.send({ type: 'voice.state', muted })) told.clear();
  }, TELL_MS);
}
