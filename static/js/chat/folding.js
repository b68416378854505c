// The rows of whoever you muted: each group of them is one line that says so and shows them again; nothing of it is read out.

import { isMuted } from '../people/muted.js';
import { nameIn } from './message-row.js';
import { muted } from './words.js';

/** Folds a row, or shows it again, as its author is muted or not. */
export function foldRow(row) {
  const folds = isMuted(row.dataset.person);
  if (row.classList.contains('folded') === folds) return;
  row.classList.toggle('folded', folds);
  if (folds) row.setAttribute('aria-live', 'off');
  if (folds) row.prepend(createLine(row));
  else row.querySelector('.unfold').remove();
}

function createLine(row) {
  const line = document.createElement('button');
  line.type = 'button';
  line.tabIndex = -1;
  line.className = 'unfold';
  line.dataset.act = 'unfold';
  line.textContent = muted(nameIn(row));
  return line;
}
