// The status line of the connection: a word and a shape for each state.

import { now } from '../server/clock.js';
import { gettext } from './gettext.js';

const WORDS = {
  joining: gettext('Connecting'),
  // Translators: the connection to the server stands, and what is said arrives at once.
  live: gettext('Live'),
  waiting: gettext('Reconnecting'),
  lost: gettext('Offline'),
  banned: gettext('Banned'),
};

const status = document.getElementById('status');
const words = document.getElementById('status-words');
const count = document.getElementById('status-count');
let timer = 0;

/** `banned` is for good: whatever becomes of the connection then, it is not what keeps the person from speaking. */
export function showStatus(state) {
  if (status.dataset.state === 'banned') return;
  clearInterval(timer);
  render(status, state);
}

/** Counts down to the next retry; screen readers get one word, not every second. */
export function showCountdown(ms) {
  showStatus('waiting');
  if (status.dataset.state !== 'waiting') return;
  const end = now() + ms;
  const tick = () => {
    const left = Math.max(0, end - now());
    count.textContent = gettext('Back in {seconds} s', { seconds: Math.max(1, Math.ceil(left / 1000)) });
    status.querySelector('.remains').setAttribute('stroke-dasharray', `${(30 * left) / ms} 30`);
  };
  tick();
  timer = setInterval(tick, 250);
}

function render(element, state) {
  if (element.dataset.state === state) return;
  element.dataset.state = state;
  words.textContent = WORDS[state];
  words.className = state === 'waiting' ? 'unseen' : '';
  count.textContent = '';
}
