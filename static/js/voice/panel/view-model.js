// The view model of the panel: what the room and the calls are to what it shows. Pure: no clock, no page.

import { askingOf } from '../calls/wish.js';
import { person } from './appearance.js';
import { distanceIn } from './distance.js';
import * as words from './words.js';

const CALLS = ['live', 'away', 'waiting'];
const TALKS = ['connecting', 'live', 'reconnecting', 'failed'];
const ORDER = [['knocks'], TALKS, ['ended'], ['waiting'], ['knocked'], ['near'], ['declined']];

/**
 * Everybody in voice as tiles in their order. facts: {joined, peers, door, limit, ended, muted, until, acts} of the room; stateOf and
 * whyOf of the mesh; speaks, inRoom and twice (heard although they are) are Sets of ids; nowMs.
 */
export function tilesOf(facts, calls) {
  const listed = facts.peers.map((peer) => tileOf(peer, facts, calls));
  const gone = [...facts.ended.values()]
    .filter(({ peer }) => !facts.peers.some((one) => one.person_id === peer.person_id))
    .map(({ peer, reason }) => toTile(peer, 'ended', { end: reason }));
  const rank = ({ state }) => ORDER.findIndex((states) => states.includes(state));
  return [...listed, ...gone].sort((a, b) => rank(a) - rank(b));
}

function tileOf(peer, facts, { stateOf, whyOf, speaks, inRoom, twice, nowMs }) {
  const id = peer.person_id;
  const ended = facts.ended.get(id);
  const state = stateIn(peer, ended, stateOf(id));
  const kept = facts.joined ? '' : (facts.acts.get(id)?.verb ?? '');
  return toTile(peer, state, {
    speaks: speaks.has(id),
    inRoom: inRoom.has(id),
    twice: twice.has(id),
    kept,
    muted: facts.muted.get(id) ?? false,
    limit: facts.limit,
    seconds: ((facts.until.get(id) ?? nowMs) - nowMs) / 1000,
    end: ended?.reason,
    why: whyOf(id),
    door: peer.door,
    asking: state === 'near' && !kept ? askingOf(id, facts) : '',
  });
}

// That a call ended is seen for a moment before what is possible now; a new beginning is seen at once.
function stateIn({ state }, ended, call) {
  if (state === 'live' || state === 'away') return call ?? 'connecting';
  return ended && (state === 'near' || state === 'declined') ? 'ended' : state;
}

function toTile(peer, state, { speaks = false, inRoom = false, twice = false, muted = false, asking = '', ...rest }) {
  const talks = state === 'live';
  const known = { name: peer.username, distance: peer.distance, direct: peer.direct, ahead: peer.ahead, speaks, inRoom, muted, ...rest };
  return {
    ...person(peer),
    state,
    place: (TALKS.includes(state) && !(talks && inRoom)) || state === 'ended',
    distance: distanceIn(peer.distance),
    direct: peer.direct ?? false,
    ahead: peer.ahead ?? 0,
    asks: state === 'knocks' ? words.asks(person(peer), peer.distance) : [],
    asking,
    speaks: talks && speaks && !muted,
    inRoom: talks && inRoom,
    twice: talks && twice,
    muted: talks && muted,
    cancels: state === 'knocked' || rest.kept === 'knock',
    words: words.tileLine(state, known),
    broken: words.brokenLine(state, known),
    ends: CALLS.includes(peer.state) && state !== 'ended',
  };
}

/** Who hears you, and why others do not: {sentence, reasons}, each sentence a list of strings and people. */
export function audienceOf(shownTiles, unheard, speaks) {
  const hearing = shownTiles.filter(({ state }) => state === 'live');
  const byId = new Map(shownTiles.map((one) => [one.id, one]));
  const not = unheard
    .map((one) => ({ who: person(one), why: one.why, through: one.through.map((id) => byId.get(id)).filter(Boolean) }))
    .filter(({ through }) => through.length);
  const waiting = shownTiles.filter(({ state }) => state === 'waiting');
  if (waiting.length && !shownTiles.some(({ state }) => TALKS.includes(state))) return words.inLine(waiting);
  const cut = shownTiles.filter(({ broken }) => broken);
  const sentence = words.audience(hearing, [...cut, ...not.map(({ who }) => who)], speaks);
  const explained = hearing.length && speaks !== 'none' ? not.map(({ who, why, through }) => words.reason(who, why, through)) : [];
  const reasons = [...cut.map((one) => words.brokenReason(one, one.broken)), ...explained];
  return { sentence, reasons: reasons.slice(0, words.REASONS_MAX) };
}
