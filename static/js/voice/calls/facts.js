// What this page knows of voice: the server's list of peers, and what has happened to each of them.

import { now } from '../../server/clock.js';

const ENDED_MS = 10_000;
const OUTSIDE = { policy: '', door: '', peers: [], unheard: [], count: 0, limit: 0 };
const UNKNOWN = { joined: false, online: true, requestedPolicy: 'relay', requestedDoor: 'ask', doorPending: false, ...OUTSIDE };

/**
 * joined, online, requestedPolicy, requestedDoor, doorPending (the server has not confirmed that door); policy, door, peers,
 * unheard, count and limit as the server sent them; and by person: ended
 * {peer, reason}, muted (they muted themselves), until (now() when a knock is possible again), declinedByMe, and acts {verb, peer}:
 * what you did last that no list shows yet.
 */
export const facts = { ...UNKNOWN, ended: new Map(), muted: new Map(), until: new Map(), declinedByMe: new Set(), acts: new Map() };

/** Applies a voice.peers frame. A server that says nothing of doors holds none: whoever wants to come in asks. */
export function applyPeers({ policy, door = 'ask', peers, unheard, count, limit }) {
  Object.assign(facts, { joined: true, online: true, requestedPolicy: policy, policy, door, peers, unheard, count, limit });
  if (!facts.doorPending || door === facts.requestedDoor) Object.assign(facts, { requestedDoor: door, doorPending: false });
  forgetUnlisted();
  for (const peer of peers) applyPeer(peer);
}

/** Applies the end of the call with a peer; `onForget` is called when it need not be shown any more. */
export function applyEnd(peer, reason, onForget) {
  const mark = { peer, reason };
  const id = peer.person_id;
  facts.ended.set(id, mark);
  facts.muted.delete(id);
  setTimeout(() => {
    if (facts.ended.get(id) !== mark) return;
    facts.ended.delete(id);
    onForget();
  }, ENDED_MS);
}

/** Applies what you answer or ask: knock, accept or decline. */
export function applyAct(verb, id) {
  facts.acts.set(id, { verb, peer: peerOf(id) });
  if (verb === 'decline') facts.ended.delete(id);
  facts.declinedByMe[verb === 'decline' ? 'add' : 'delete'](id);
}

/** The row of somebody in the server's list. */
export function peerOf(id) {
  return facts.peers.find(({ person_id: other }) => other === id);
}

/** Forgets everything, after voice was left. */
export function clearFacts() {
  for (const each of [facts.ended, facts.muted, facts.until, facts.declinedByMe, facts.acts]) each.clear();
  Object.assign(facts, UNKNOWN);
}

// Whoever left voice is not kept: in a busy place that would be more and more people.
function forgetUnlisted() {
  const listed = new Set([...facts.peers.map(({ person_id: id }) => id), ...facts.ended.keys()]);
  for (const each of [facts.muted, facts.until, facts.declinedByMe]) {
    for (const id of [...each.keys()]) if (!listed.has(id)) each.delete(id);
  }
}

function applyPeer({ person_id: id, state, retry_after: seconds }) {
  if (state === 'declined') facts.until.set(id, now() + seconds * 1000);
  else facts.until.delete(id);
  if (state !== 'near' && state !== 'declined') facts.ended.delete(id);
}
