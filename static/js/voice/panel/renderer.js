// What of voice is on the page now: draws the panel from the room, the microphone and what this tab keeps.

import { tell as title } from '../../page/title.js';
import { kept } from '../session-state.js';
import { chosen, devices, microphone } from '../audio/microphone.js';
import { person } from './appearance.js';
import { clear, notice } from './notices.js';
import * as panel from './panel.js';
import { facts, mesh } from '../calls/room.js';
import * as rows from './voice-marks.js';
import { routable } from '../audio/output.js';
import * as view from './view-model.js';
import * as words from './words.js';

/** phase: out, check, joining, barred (no relay) or in; speaks: the ids of those who are heard now. */
export const stage = { phase: 'out', speaks: new Set() };

const NOTHING = { sentence: ['Joining voice'], reasons: [], tiles: [], rest: '', count: 0 };

let states = new Map(); // person_id: the state that was told last
let due = false;
let retry = () => {};

export function onRetry(listener) {
  retry = listener;
}

export function become(phase) {
  stage.phase = phase;
  draw();
}

/** Draws once, however many things have just changed. */
export function draw() {
  if (due) return;
  due = true;
  queueMicrotask(() => {
    due = false;
    drawNow();
  });
}

export async function drawDevices() {
  const found = await devices();
  panel.devices(found, { audioinput: chosen(), audiooutput: kept.output });
  panel.outputs(routable && found.audiooutput.length > 1);
}

function drawNow() {
  if (stage.phase === 'joining' && facts.joined) stage.phase = 'in';
  const { phase } = stage;
  panel.show(phase);
  panel.shield((phase === 'in' ? facts.wish : kept.policy) === 'relay', phase === 'joining');
  panel.socket(phase !== 'in' || facts.online);
  drawMicrophone();
  rows.mark(new Set(facts.peers.map(({ person_id: id }) => id)));
  if (phase === 'in') drawPeople();
  else panel.people(NOTHING, new Set());
  if (phase !== 'in') {
    states = new Map();
    panel.bar(phase === 'joining' ? ['Joining voice'] : null, new Set(), false);
  }
}

function drawMicrophone() {
  const works = microphone.state === 'ready';
  panel.check({ words: words.check(microphone.state), works });
  panel.microphone({ words: words.own(microphone, kept.deaf), muted: microphone.muted || !works, works, deaf: kept.deaf });
  const wrong = stage.phase === 'out' ? null : words.trouble(microphone.state);
  if (wrong) notice('microphone', { ...wrong, ways: [{ label: 'Try again', run: retry }] });
  else clear('microphone');
}

function drawPeople() {
  const calls = { stateOf: (id) => mesh.stateOf(id), whyOf: (id) => mesh.whyOf(id) };
  const tiles = view.tiles(facts, { ...calls, speaks: stage.speaks, nowMs: Date.now() });
  const alike = view.alike([...tiles, ...facts.unheard.map(person), ...neighbours()]);
  const speaks = microphone.state !== 'ready' ? 'none' : microphone.muted ? 'muted' : 'on';
  const rest = words.rest(tiles.length, facts.count - facts.peers.length);
  panel.people({ ...view.heard(tiles, facts.unheard, speaks), tiles, rest, count: facts.count }, alike);
  const knocking = tiles.filter(({ state }) => state === 'knocks');
  const talking = tiles.filter(({ state }) => state === 'live');
  panel.bar(words.bar(talking, knocking), knocking.length ? alike : new Set(), knocking.length > 0);
  tell(tiles, alike);
}

// Yourself and everybody in the panel of people: a name may be theirs too.
function neighbours() {
  const rows = [...document.querySelectorAll('#people-list .who, #self .who')];
  return rows.map((row) => ({ name: row.querySelector('bdi').textContent, tag: row.querySelector('.tag').textContent }));
}

function tell(tiles, alike) {
  const said = [];
  for (const { id, name, tag, state, distance } of tiles) {
    const before = states.get(id);
    if (state === 'knocks' && before !== 'knocks') knocked(`${name} ${tag} knocks, ${distance}`);
    const news = words.news(alike.has(tag) ? `${name} ${tag}` : name, before, state, facts.taken.has(id) ? 'taken' : facts.ended.get(id)?.reason);
    if (news) said.push(news);
  }
  if (said.length) panel.tell(said.join('. '));
  states = new Map(tiles.map(({ id, state }) => [id, state]));
}

function knocked(sentence) {
  panel.tell(sentence, true);
  title(sentence);
}
