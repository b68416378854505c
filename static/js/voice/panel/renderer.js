// Renders the voice panel from the room, the microphone and the settings of this tab, and announces what has changed.

import { holdMoved } from '../../page/held-taps.js';
import { isolated } from '../../page/sentences.js';
import { ambiguousTags } from '../../people/likeness.js';
import { isErased } from '../../page/visit.js';
import { markRows, openDoors } from '../../people/voice-outside.js';
import { now } from '../../server/clock.js';
import { saved } from '../session-state.js';
import { currentDevice, listDevices, microphone } from '../audio/microphone.js';
import { person } from './appearance.js';
import { signalAsks } from './ask-signals.js';
import { renderAsks } from './asks.js';
import { openNow, wishLine } from './door-words.js';
import { clearNotice, showNotice } from './notices.js';
import { TRY_AGAIN, microphoneNotice } from './notice-words.js';
import * as own from './own-words.js';
import * as panel from './panel.js';
import { renderSheet } from './sheet.js';
import { facts } from '../calls/facts.js';
import { relay } from '../calls/relay.js';
import { mesh } from '../calls/room.js';
import { canChooseDevice } from '../audio/output.js';
import * as viewModel from './view-model.js';
import * as words from './words.js';

/**
 * phase: out, check, joining, barred (no relay) or in; door: what is chosen before joining; wish: whom you want to ask then,
 * {id, name, tag}; speaks: the ids of those who are speaking; inRoom: of those who are silent here since they are in one room with
 * you; twice: of those whom you hear although they are; silent: nothing is heard.
 */
export const display = { phase: 'out', door: 'ask', wish: null, speaks: new Set(), inRoom: new Set(), twice: new Set(), silent: false };

const NOTHING = { sentence: [words.JOINING], reasons: [], tiles: [], rest: '', count: 0, own: '', limit: 0 };

let announced = new Map(); // person_id: the state that was announced last
let scheduled = false;
let retry = () => {};

export function onRetry(listener) {
  retry = listener;
}

export function setPhase(phase) {
  display.phase = phase;
  scheduleRender();
}

/** Renders once in the next microtask, however much has changed until then. */
export function scheduleRender() {
  if (scheduled) return;
  scheduled = true;
  queueMicrotask(() => {
    scheduled = false;
    if (isErased()) renderErased();
    else holdMoved(document.getElementById('voice'), render);
  });
}

export async function renderDevices() {
  const found = await listDevices();
  panel.renderDevices(found, { audioinput: currentDevice(), audiooutput: saved.output });
  panel.renderOutputs(canChooseDevice && found.audiooutput.length > 1);
}

function render() {
  if (display.phase === 'joining' && facts.joined) display.phase = 'in';
  const { phase } = display;
  panel.showPhase(phase);
  renderWay();
  renderDoor();
  panel.renderSocket(phase !== 'in' || facts.online);
  renderMicrophone();
  markRows(new Set(facts.peers.map(({ person_id: id }) => id)));
  if (phase === 'in') renderPeople();
  else renderNobody(phase);
}

// The end of voice, on a page that has forgotten everybody.
function renderErased() {
  panel.showPhase(display.phase);
  renderNobody(display.phase);
}

function renderNobody(phase) {
  panel.renderPeople(NOTHING, new Set());
  renderSheet([]);
  renderKnocking([]);
  announced = new Map();
  panel.renderBar(phase === 'joining' ? [words.JOINING] : null, new Set(), false);
}

function renderWay() {
  const { phase } = display;
  const policy = phase === 'in' ? facts.requestedPolicy : saved.policy;
  const hidden = relay.state !== 'none' && policy === 'relay';
  panel.renderStarts(relay.state === 'none');
  panel.renderWay({ hidden, held: phase === 'joining' || relay.state === 'none', words: own.wayLine(hidden, relay.state) });
}

function renderDoor() {
  const door = display.phase === 'in' ? facts.requestedDoor : display.door;
  panel.renderDoor(door, openNow(openDoors()), display.wish ? wishLine(display.wish) : '');
}

function renderMicrophone() {
  const works = microphone.state === 'ready';
  panel.renderCheck({ words: own.checkLine(microphone.state), works });
  panel.renderMicrophone({ words: own.microphoneLine(microphone, saved.deaf), muted: microphone.muted || !works, works, deaf: saved.deaf });
  const wrong = display.phase === 'out' ? null : microphoneNotice(microphone.state);
  if (wrong) showNotice('microphone', { ...wrong, actions: [{ label: TRY_AGAIN, run: retry }] });
  else clearNotice('microphone');
}

function renderPeople() {
  const calls = { stateOf: (id) => mesh.stateOf(id), whyOf: (id) => mesh.whyOf(id) };
  const tiles = viewModel.tilesOf(facts, { ...calls, speaks: display.speaks, inRoom: display.inRoom, twice: display.twice, nowMs: now() });
  const alike = ambiguousTags([...tiles, ...facts.unheard.map(person), ...namesOnPage()]);
  const speaks = microphone.state !== 'ready' ? 'none' : microphone.muted ? 'muted' : 'on';
  const rest = words.remainder(tiles.length, facts.count - facts.peers.length);
  const word = own.ownWord(microphone);
  panel.renderPeople({ ...viewModel.audienceOf(tiles, facts.unheard, speaks), tiles, rest, count: facts.count, own: word, limit: facts.limit }, alike);
  renderSheet(tiles);
  const knocking = tiles.filter(({ state }) => state === 'knocks');
  const talking = tiles.filter(({ state }) => state === 'live');
  panel.renderBar(words.barLine(talking, display.silent), new Set(), display.silent);
  renderKnocking(knocking);
  announceChanges(tiles, alike);
}

function renderKnocking(knocking) {
  renderAsks(knocking);
  const fresh = signalAsks(knocking);
  if (fresh.length) panel.announce(words.together(fresh), true);
}

// The names of yourself and of the people list: a caller may share one.
function namesOnPage() {
  const rows = [...document.querySelectorAll('#people-list .who, #self .who')];
  return rows.map((row) => ({ name: row.querySelector('bdi').textContent, tag: row.querySelector('.tag').textContent }));
}

function announceChanges(tiles, alike) {
  const sentences = [];
  for (const { id, name, tag, state } of tiles) {
    const before = announced.get(id);
    const end = facts.declinedByMe.has(id) ? 'declined-by-me' : facts.ended.get(id)?.reason;
    const news = words.announcement(alike.has(tag) ? words.called({ name, tag }) : isolated(name), before, state, end);
    if (news) sentences.push(news);
  }
  if (sentences.length) panel.announce(words.together(sentences));
  announced = new Map(tiles.map(({ id, state }) => [id, state]));
}
