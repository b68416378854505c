// The list of people in reach, which the server sends anew with each change: leaves out whom you blocked, is one Tab stop
// however many they are, and keeps the focus, at their neighbour if they left.

import { roveFocus } from '../page/roving-focus.js';
import { isBlocked, onBlock } from './blocks.js';

const CONTROL = '#people-list .person-row button';

const panel = document.getElementById('people');
const setStop = roveFocus(panel, CONTROL);
let before = { order: [], stop: '', focused: false }; // person_ids as they were shown

function personRows() {
  return [...document.querySelectorAll('#people-list .person-row')];
}

function idOf(element) {
  return element?.closest('.person-row')?.dataset.person ?? '';
}

function remember() {
  const { activeElement: focus } = document;
  before = {
    order: personRows().map((row) => row.dataset.person),
    stop: idOf(focus) || idOf(panel.querySelector(`${CONTROL}[tabindex="0"]`)),
    focused: Boolean(idOf(focus)),
  };
}

function removeBlocked() {
  for (const row of personRows()) if (isBlocked(row.dataset.person)) row.remove();
}

// The row of the stop, or of the first one after it that is still there, or before it.
function nextRow() {
  const rows = new Map(personRows().map((row) => [row.dataset.person, row]));
  const at = Math.max(0, before.order.indexOf(before.stop));
  const nearest = [...before.order.slice(at), ...before.order.slice(0, at).reverse()];
  return rows.get(nearest.find((id) => rows.has(id))) ?? rows.values().next().value;
}

function restore() {
  for (const control of panel.querySelectorAll(CONTROL)) control.tabIndex = -1;
  const control = nextRow()?.querySelector('button') ?? null;
  setStop(control);
  if (before.focused) (control ?? panel).focus({ preventScroll: true });
}

onBlock(() => {
  remember();
  removeBlocked();
  restore();
});
document.addEventListener('htmx:oobBeforeSwap', ({ target }) => target.id === 'people-list' && remember());
document.addEventListener('htmx:oobAfterSwap', ({ target }) => {
  if (target.id !== 'people-list') return;
  removeBlocked();
  restore();
});
restore();
