// The status line of the connection: a word and a shape for each state.

import { now } from '../server/clock.js';

const WORDS = { joining: 'Connecting', live: 'Live', waiting: 'Reconnecting', lost: 'Offline' };

const status = document.getElementById('status');
const words = document.getElementById('status-words');
const count = document.getElementById('status-count');
let timer = 0;

export function showStatus(state) {
  clearInterval(timer);
  render(status, state);
}

/** Counts down to the next retry; screen readers get one word, not every second. */
export function showCountdown(ms) {
  showStatus('waiting');
  const end = now() + ms;
  const tick = () => {
    const left = Math.max(0, end - now());
    count.textContent = `Back in ${Math.max(1, Math.ceil(left / 1000))} s`;
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
