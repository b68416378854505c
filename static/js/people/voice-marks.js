// Marks in the rows of people: who talks openly near you, as their row says, and whom you know to be in voice, being in it yourself.

import { listedRows } from './list.js';

let inVoice = new Set(); // ids, as voice knows them

/** Marks those who are in voice, by their ids, from now on. */
export function markRows(ids) {
  inVoice = ids;
  renderMarks();
}

/** Marks the rows as they are listed by now. Only those that differ are touched. */
export function renderMarks() {
  for (const row of listedRows()) renderMark(row);
}

function wordsOf({ dataset: { v: door, person } }) {
  if (door === 'open') return 'talks openly';
  return inVoice.has(person) ? 'in voice' : '';
}

function renderMark(row) {
  const words = wordsOf(row);
  const shown = row.querySelector('.in-voice');
  if (!words) shown?.remove();
  else if (shown?.textContent !== words) (shown ?? addMark(row)).querySelector('.unseen').textContent = words;
}

function addMark(row) {
  row.lastElementChild.before(document.getElementById('voice-mark').content.cloneNode(true));
  return row.querySelector('.in-voice');
}
