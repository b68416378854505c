// Says that a place which was told does not hold yet: as roughly as it is known when it will, once, until then. A move takes effect at
// a random moment, so nothing counts down.

import { onPost, post } from '../page/tabs.js';

const MOMENT_S = 30;
const MINUTE_S = 90;

const line = document.getElementById('pending-place');
const status = document.getElementById('pending-place-status'); // the whole sentence, for who listens
let shown = false;
let timer = 0;

function describe(seconds) {
  if (seconds <= MOMENT_S) return 'in a moment';
  return seconds <= MINUTE_S ? 'in a minute' : 'in two minutes';
}

function render(when) {
  line.textContent = when && `new place ${when}`;
  status.textContent = when && `Your new place holds ${when}.`;
}

// What is shown stays as it is, or it would be read out again.
function show(seconds) {
  clearTimeout(timer);
  if (!seconds || !shown) render(seconds ? describe(seconds) : '');
  shown = seconds > 0;
  if (shown) timer = setTimeout(show, seconds * 1000, 0);
}

document.addEventListener('place-told', ({ detail }) => {
  show(detail.effective_in);
  post({ effectiveIn: detail.effective_in });
});
onPost(({ effectiveIn }) => effectiveIn !== undefined && show(effectiveIn));
