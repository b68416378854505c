// Says that a place which was told does not hold yet: as roughly as it is known when it will, once, until then. A move takes effect
// at a random moment, so nothing counts down.

import { gettext } from '../page/gettext.js';

const MOMENT_S = 30;
const MINUTE_S = 90;

const line = document.getElementById('pending-place');
const status = document.getElementById('pending-place-status'); // the whole sentence, for who listens
let shown = false;
let timer = 0;

function describe(seconds) {
  if (seconds <= MOMENT_S) return [gettext('new place in a moment'), gettext('Your new place holds in a moment.')];
  if (seconds <= MINUTE_S) return [gettext('new place in ~1 min'), gettext('Your new place holds in about a minute.')];
  return [gettext('new place in ~2 min'), gettext('Your new place holds in about two minutes.')];
}

function render([short, whole]) {
  line.textContent = short;
  line.closest('.reach')?.classList.toggle('pending', short !== ''); // also where the dial is folded away
  status.textContent = whole;
}

/** Shows it for so many seconds, or no longer where they are 0. What is shown stays as it is, or it would be read out again. */
export function showPending(seconds) {
  clearTimeout(timer);
  if (!seconds || !shown) render(seconds ? describe(seconds) : ['', '']);
  shown = seconds > 0;
  if (shown) timer = setTimeout(showPending, seconds * 1000, 0);
}

showPending(Number(line.dataset.seconds));
