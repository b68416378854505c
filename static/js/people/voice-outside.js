// Who talks openly near you, as it is seen from outside of voice: on its button, in its panel before you join, and in the rows of
// people. Their rows say it. Whom voice knows itself it marks here, too.

import { gettext } from '../page/gettext.js';
import { renderSentence } from '../page/sentences.js';
import { isErased } from '../page/visit.js';
import { onBlock } from './blocks.js';
import { ambiguousTags } from './likeness.js';
import { colourOf, listedRows } from './list.js';
import { onPeople } from './listing.js';
import { describeDoors } from './open-doors.js';

const panel = document.getElementById('voice');
const find = (id) => document.getElementById(`voice-${id}`);
let inVoice = new Set(); // the ids of those whom voice knows to be in it

function isOpen(row) {
  return row.dataset.v === 'open';
}

function personIn(row) {
  const [name, tag] = ['.name', '.tag'].map((part) => row.querySelector(part).textContent);
  return { name, tag, colour: colourOf(row).slice(1) };
}

/** Those of the listed people who have an open door, {name, tag, colour}, the nearest first. */
export function openDoors() {
  return listedRows().filter(isOpen).map(personIn);
}

/** Marks the rows of those who are in voice, by their ids, from now on. */
export function markRows(ids) {
  inVoice = ids;
  renderMarks();
}

// Only the rows that differ are touched.
function renderMarks() {
  for (const row of listedRows()) {
    const words = isOpen(row) ? gettext('talks openly') : inVoice.has(row.dataset.person) ? gettext('in voice') : '';
    const mark = row.querySelector('.in-voice');
    if (words) nameMark(mark ?? addMark(row), words);
    else mark?.remove();
  }
}

function addMark(row) {
  row.lastElementChild.before(document.getElementById('voice-mark').content.cloneNode(true));
  return row.querySelector('.in-voice');
}

function nameMark(mark, words) {
  const said = mark.querySelector('.unseen');
  if (said.textContent !== words) said.textContent = words;
}

function render() {
  if (isErased()) return;
  renderMarks();
  const doors = openDoors();
  const { count, sentence } = describeDoors(doors);
  if (find('doors-count').textContent !== count) find('doors-count').textContent = count;
  find('doors').hidden = !count;
  find('link').toggleAttribute('data-doors', Boolean(count));
  renderPanel(sentence, doors.length ? ambiguousTags(listedRows().map(personIn)) : new Set());
}

function renderPanel(sentence, alike) {
  const some = sentence.length > 0;
  const focused = !some && document.activeElement === find('join-them');
  panel.toggleAttribute('data-doors', some);
  find('start').classList.toggle('button-line', some);
  if (some) renderSentence(find('open-words'), sentence, alike);
  if (focused) find('start').focus({ preventScroll: true }); // what goes must not take the focus along
}

onPeople(render);
onBlock(render);
