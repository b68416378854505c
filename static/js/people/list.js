// The list of people in reach, which the server sends anew with each change: leaves out whom you blocked, and keeps the focus.

import { isBlocked, onBlock } from './blocks.js';

let focusedPerson = ''; // whose row had the focus

function personRows() {
  return [...document.querySelectorAll('#people-list .person-row')];
}

function removeBlocked() {
  for (const row of personRows()) if (isBlocked(row.dataset.person)) row.remove();
}

function restoreFocus() {
  const row = personRows().find(({ dataset }) => dataset.person === focusedPerson);
  if (focusedPerson) (row?.querySelector('button') ?? document.getElementById('people')).focus({ preventScroll: true });
}

onBlock(removeBlocked);
document.addEventListener('htmx:oobBeforeSwap', ({ target }) => {
  if (target.id === 'people-list') focusedPerson = document.activeElement.closest('.person-row')?.dataset.person ?? '';
});
document.addEventListener('htmx:oobAfterSwap', ({ target }) => {
  if (target.id !== 'people-list') return;
  removeBlocked();
  restoreFocus();
});
