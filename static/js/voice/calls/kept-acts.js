// What you do about one person: ask, let in, decline. It goes to the server at once, and is kept until a list of the server shows
// it: one that was done while voice was lost, or on a socket that was lost already, goes once voice is back, or it is said why it
// cannot.

import { applyAct, facts } from './facts.js';
import * as signaling from './signaling.js';
import { outcomeOf } from './wish.js';

const RETRY_MS = 2000;

let timer = 0;

/** Applies `verb`, knock, accept or decline, and sends it where voice is there; returns whether a call is to end here at once. */
export function act(verb, id) {
  const before = facts.acts.get(id);
  applyAct(verb, id);
  if (facts.joined) send(verb, id);
  const unasks = before?.verb === 'knock' && before.peer?.state === 'near'; // they never knew
  if (!facts.joined && verb === 'decline' && unasks) facts.acts.delete(id);
  return !facts.joined && verb === 'decline' && !unasks;
}

function send(verb, id) {
  signaling.send({ type: `voice.${verb}`, to: id, ref: id });
}

/** Sends again whom of these peers you declined while voice was lost; returns the others. */
export function withoutDeclined(peers) {
  const declined = peers.filter(({ person_id: id }) => facts.acts.get(id)?.verb === 'decline' && outcomeOf('decline', id, { peers }) === 'send');
  for (const { person_id: id } of declined) send('decline', id);
  return peers.filter((peer) => !declined.includes(peer));
}

/**
 * Applies the server's list: what it does not show is sent `again`. Returns [outcome, peer] of what is not possible any more then.
 */
export function settleActs(again) {
  const outcomes = [...facts.acts].map(([id, { verb, peer }]) => ({ id, verb, peer, outcome: outcomeOf(verb, id, facts) }));
  for (const { id, verb, outcome } of outcomes) {
    if (outcome !== 'send') facts.acts.delete(id);
    else if (again) send(verb, id);
  }
  const unmet = outcomes.filter(({ peer, outcome }) => again && peer && !['send', 'done'].includes(outcome));
  return unmet.map(({ outcome, peer }) => [outcome, peer]);
}

/** Applies a refusal; where the server's memory did not answer, all goes again after a while. Returns as settleActs() does. */
export function refuseAct(id, code, seconds) {
  const { verb, peer } = facts.acts.get(id) ?? {};
  if (!verb || code === 'not-joined') return [];
  if (code === 'store-unavailable') {
    clearTimeout(timer);
    timer = setTimeout(() => facts.joined && settleActs(true), seconds ? seconds * 1000 : RETRY_MS);
    return [];
  }
  facts.acts.delete(id);
  return code === 'not-agreed' && verb === 'accept' && peer ? [['gone', peer]] : [];
}

/** Voice is left. */
export function forgetActs() {
  clearTimeout(timer);
}
