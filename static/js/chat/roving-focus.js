// Roving tabindex over the rings of others' messages: the Tab key stops at one of them, the newest or the last focused, and
// the arrow keys move between them.

const STEPS = { ArrowUp: 'previousElementSibling', ArrowDown: 'nextElementSibling' };

const list = document.getElementById('messages');
let stop = null;

/** The ring of a row; null for your own message. */
export function ringOf(row) {
  return row.querySelector('[data-act="person"]');
}

/** Chooses the stop anew; to be called after rows were added or removed. */
export function updateStop() {
  if (stop?.isConnected && stop === document.activeElement) return;
  setStop(ringFrom(list.lastElementChild, 'previousElementSibling'));
}

function setStop(ring) {
  if (stop) stop.tabIndex = -1;
  stop = ring;
  if (stop) stop.tabIndex = 0;
}

// The first ring from a row on.
function ringFrom(row, step) {
  while (row && !ringOf(row)) row = row[step];
  return row && ringOf(row);
}

list.addEventListener('focusin', ({ target }) => target.matches('[data-act="person"]') && setStop(target));
list.addEventListener('keydown', (event) => {
  const step = STEPS[event.key];
  if (!step || !event.target.matches('[data-act="person"]')) return;
  event.preventDefault();
  ringFrom(event.target.closest('.message')[step], step)?.focus();
});
