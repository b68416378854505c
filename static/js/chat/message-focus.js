// The rings of messages as one Tab stop: the newest, or the one that has the focus.

import { roveFocus } from '../page/roving-focus.js';

const RING = '.clock > button';

const list = document.getElementById('messages');
const setStop = roveFocus(list, RING);

/** The ring of a row; null while its message has no copy from the server. */
export function ringOf(row) {
  return row.querySelector(RING);
}

/** Chooses the stop anew; to be called after rows were added or removed. */
export function updateStop() {
  if (list.contains(document.activeElement) && document.activeElement.matches(RING)) return;
  let row = list.lastElementChild;
  while (row && !ringOf(row)) row = row.previousElementSibling;
  setStop(row && ringOf(row));
}
