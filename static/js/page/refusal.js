// What the server refused: shown between the line of who hears you and the field, counted down where waiting helps.

import { localise } from './local-time.js';

const place = document.getElementById('refusal');
let timer = 0;
let listener = () => {};
let last = null;

/** The listener gets each refusal's dataset and may answer false: not to be shown. */
export function onRefusal(listen) {
  listener = listen;
}

/** The last refusal, if it had this code: for whoever shows it elsewhere. */
export function said(code) {
  return last?.dataset.code === code ? last : null;
}

export function show(notice) {
  clear();
  place.replaceChildren(document.importNode(notice, true));
  const seconds = Number(notice.dataset.retryAfter ?? 0);
  if (seconds) countdown(place.firstElementChild, seconds);
}

export function clear() {
  clearInterval(timer);
  place.replaceChildren();
}

// Readers of screens hear the sentence once; the eye sees it count.
function countdown(notice, seconds) {
  const spoken = notice.querySelector('.why');
  const seen = spoken.cloneNode(true);
  seen.setAttribute('aria-hidden', 'true');
  spoken.classList.add('unseen');
  spoken.after(seen);
  const end = Date.now() + seconds * 1000;
  const tick = () => {
    const left = (end - Date.now()) / 1000;
    if (left <= 0) return clear();
    seen.textContent = spoken.textContent.replace(/\d+(?= s\b)/, String(Math.ceil(left)));
    notice.querySelector('.remains')?.setAttribute('stroke-dasharray', `${(30 * left) / seconds} 30`);
  };
  tick();
  timer = setInterval(tick, 250);
}

document.addEventListener('htmx:oobBeforeSwap', ({ target, detail }) => {
  if (target !== place) return;
  detail.shouldSwap = false;
  for (const notice of detail.fragment.querySelectorAll('.notice')) {
    last = localise(notice);
    if (listener(notice.dataset) !== false) show(notice);
  }
});
