// The rings of messages as one Tab stop: the newest, or the one that has the focus. From a ring the arrows to the sides lead to what
// else can be pressed in its row: what it quotes, links, reactions.

import { roveFocus } from '../page/roving-focus.js';

const RING = '.o';
const SHOWN = '.message:not(.removing, .folded.again) > .o';

const list = document.getElementById('messages');
const setStop = roveFocus(list, SHOWN);

export function ringOf(row) {
  return row.querySelector(RING);
}

/** Chooses the stop anew; to be called after rows were added or removed. */
export function updateStop() {
  if (list.contains(document.activeElement) && document.activeElement.matches(RING)) return;
  let row = list.lastElementChild;
  while (row && !ringOf(row).matches(SHOWN)) row = row.previousElementSibling;
  setStop(row && ringOf(row));
}

const SIDEWAYS = { ArrowLeft: -1, ArrowRight: 1 };

list.addEventListener('keydown', (event) => {
  const row = event.target.closest('.message');
  if (!(event.key in SIDEWAYS) || !row || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const controls = [ringOf(row), ...row.querySelectorAll('.unfold, .bubble :is(a, button), .chips button')];
  const step = document.documentElement.dir === 'rtl' ? -SIDEWAYS[event.key] : SIDEWAYS[event.key];
  const next = controls[controls.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
});
