// The line that says how the connection is: always a word and a shape.

const WORDS = { joining: 'Connecting', live: 'Live', waiting: 'Reconnecting', lost: 'Offline' };

const status = document.getElementById('status');
const words = document.getElementById('status-words');
const count = document.getElementById('status-count');
let counting = 0;

export function show(state) {
  clearInterval(counting);
  write(status, state);
}

/** Counts down to the next try; readers of screens hear one word, not every second. */
export function countdown(ms) {
  show('waiting');
  const end = Date.now() + ms;
  const tick = () => {
    const left = Math.max(0, end - Date.now());
    count.textContent = `Back in ${Math.max(1, Math.ceil(left / 1000))} s`;
    status.querySelector('.remains').setAttribute('stroke-dasharray', `${(30 * left) / ms} 30`);
  };
  tick();
  counting = setInterval(tick, 250);
}

function write(element, state) {
  if (element.dataset.state === state) return;
  element.dataset.state = state;
  words.textContent = WORDS[state];
  words.className = state === 'waiting' ? 'unseen' : '';
  count.textContent = '';
}
