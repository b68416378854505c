// The rings of others' messages: one stop of the Tab key for all of them, the newest or where you were last. From there
// the arrows go from ring to ring.

const STEPS = { ArrowUp: 'previousElementSibling', ArrowDown: 'nextElementSibling' };

const list = document.getElementById('messages');
let stop = null;

/** The ring of a row, null where it is your own message. */
export function ringOf(row) {
  return row.querySelector('[data-act="person"]');
}

/** After rows came or went. */
export function renew() {
  if (stop?.isConnected && stop === document.activeElement) return;
  stopAt(next(list.lastElementChild, 'previousElementSibling'));
}

function stopAt(ring) {
  if (stop) stop.tabIndex = -1;
  stop = ring;
  if (stop) stop.tabIndex = 0;
}

// The first ring from a row on.
function next(row, step) {
  while (row && !ringOf(row)) row = row[step];
  return row && ringOf(row);
}

list.addEventListener('focusin', ({ target }) => target.matches('[data-act="person"]') && stopAt(target));
list.addEventListener('keydown', (event) => {
  const step = STEPS[event.key];
  if (!step || !event.target.matches('[data-act="person"]')) return;
  event.preventDefault();
  next(event.target.closest('.message')[step], step)?.focus();
});
