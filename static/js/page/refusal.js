// The server's refusal of what you sent: shown above the message field, with a countdown where waiting helps.

import { moment, since } from '../server/clock.js';
import { localise } from './local-time.js';

const container = document.getElementById('refusal');
let timer = 0;
let listener = () => {};
const expected = new Map(); // ref: who is to be told of its refusal
let last = null;

/**
 * Calls back with each refusal's dataset; a listener that returns false keeps it from being shown, and one that returns words has
 * it say those.
 */
export function onRefusal(callback) {
  listener = callback;
}

/**
 * Calls back once with the dataset of the refusal of this ref, in place of that listener; it may return the same. Returns how to
 * stop that.
 */
export function onRefusalOf(ref, callback) {
  expected.set(ref, callback);
  return () => expected.delete(ref);
}

function answerOf(notice) {
  const { ref } = notice.dataset;
  const answer = (expected.get(ref) ?? listener)(notice.dataset);
  expected.delete(ref);
  return answer;
}

/** The last refusal as an element, if it had this code; else null. */
export function lastRefusal(code) {
  return last?.dataset.code === code ? last : null;
}

export function showRefusal(notice) {
  clearRefusal();
  container.replaceChildren(document.importNode(notice, true));
  const seconds = Number(notice.dataset.retryAfter ?? 0);
  if (seconds) countdown(container.firstElementChild, seconds);
}

export function clearRefusal() {
  clearInterval(timer);
  container.replaceChildren();
}

// Screen readers read the sentence once; only the visible copy counts down.
function countdown(notice, seconds) {
  const full = notice.querySelector('.why');
  const counting = full.cloneNode(true);
  counting.setAttribute('aria-hidden', 'true');
  full.classList.add('unseen');
  full.after(counting);
  const number = new RegExp(`(?<!\\p{Nd})${seconds}(?!\\p{Nd})`, 'u'); // whatever the language calls seconds
  const shownAt = moment();
  const tick = () => {
    const left = seconds - since(shownAt) / 1000;
    if (left <= 0) return clearRefusal();
    counting.textContent = full.textContent.replace(number, String(Math.ceil(left)));
    notice.querySelector('.remains')?.setAttribute('stroke-dasharray', `${(30 * left) / seconds} 30`);
  };
  tick();
  timer = setInterval(tick, 250);
}

document.addEventListener('htmx:oobBeforeSwap', ({ target, detail }) => {
  if (target !== container) return;
  detail.shouldSwap = false;
  for (const notice of detail.fragment.querySelectorAll('.notice')) {
    last = localise(notice);
    const words = answerOf(notice);
    if (words === false) continue;
    if (typeof words === 'string') notice.querySelector('.why').textContent = words;
    showRefusal(notice);
  }
});
