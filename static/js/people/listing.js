// Who is in reach, as the server tells it: everybody once, then what changed. A change that does not follow the version before is
// not applied, and everybody is asked for instead.

import { callAll } from '../page/listeners.js';
import { isOpen, send } from '../server/connection.js';

const ASK_AGAIN_MS = 6000;

const list = document.getElementById('people-list');
const listeners = [];
let version = 0; // 0 until a socket told of them
let count = 0;
let totals = new Map(); // everybody in reach, by the metres of their label
let askTimer = 0;

/**
 * Calls back with {rows, left, whole, count, totals, radius} after each change: the elements of those who came or changed, the
 * ids of those who left, or, where it is whole, everybody.
 */
export function onPeople(listener) {
  listeners.push(listener);
}

function readTotals(words) {
  return words ? words.split(' ').map((each) => each.split(':').map(Number)) : [];
}

// Answers to calls have no version: they count only while no socket tells more.
function follows(next, whole) {
  return whole ? next > 0 || !isOpen() : version > 0 && next === version + 1;
}

// What is refused is asked for again. A socket that comes tells of everybody unasked.
function ask() {
  if (askTimer || !send({ type: 'people' })) return;
  askTimer = setTimeout(() => {
    askTimer = 0;
    ask();
  }, ASK_AGAIN_MS);
}

/** Applies a frame, an element that holds rows. */
export function applyFrame(frame) {
  if (!list.firstElementChild) return; // the visit was erased
  const { dataset } = frame;
  const whole = dataset.left === undefined;
  if (!follows(Number(dataset.version), whole)) {
    if (!whole) ask();
    return;
  }
  version = Number(dataset.version);
  count = Number(dataset.count);
  if (whole) {
    totals = new Map();
    clearTimeout(askTimer);
    askTimer = 0;
  }
  for (const [metres, total] of readTotals(dataset.totals)) {
    if (total) totals.set(metres, total);
    else totals.delete(metres);
  }
  const left = dataset.left ? dataset.left.split(' ') : [];
  callAll(listeners, { rows: [...frame.children], left, whole, count, totals, radius: Number(dataset.radius) });
}

document.addEventListener('htmx:oobBeforeSwap', ({ target, detail }) => {
  if (target !== list) return;
  detail.shouldSwap = false; // row by row instead
  applyFrame(detail.fragment);
});
