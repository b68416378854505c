// Alerts between the conversation and the composer: one for each subject, with a text and at most one action.

import { holdMoved } from './held-taps.js';

const container = document.getElementById('alerts');
const template = document.getElementById('notice');
const shown = new Map();
const marked = new WeakMap(); // as it was made: what is drawn of a notice changes

/** Shows the alert on a subject, or replaces it: {title, words, steps?, label?, run?, href?, calm?}. */
export function showAlert(subject, { title = '', words = '', steps = null, label = '', run = null, href = '', calm = false }) {
  const notice = template.content.cloneNode(true).firstElementChild;
  const [bold, plain] = notice.querySelector('.notice-words').children;
  if (calm) {
    notice.classList.add('calm');
    notice.setAttribute('role', 'status'); // said when there is a pause
  }
  bold.textContent = title;
  plain.textContent = words;
  if (steps) notice.querySelector('.notice-words').after(steps);
  if (label) notice.querySelector('.choices').append(actionControl(label, run, href));
  notice.querySelector('.choices').hidden = !label;
  if (marked.get(shown.get(subject)) === notice.outerHTML) return; // shown already
  marked.set(notice, notice.outerHTML);
  holdMoved(container, () => {
    remove(subject);
    shown.set(subject, notice);
    container.append(notice);
  });
}

export function clearAlert(subject) {
  if (shown.has(subject)) holdMoved(container, () => remove(subject));
}

function remove(subject) {
  shown.get(subject)?.remove();
  shown.delete(subject);
}

function actionControl(label, run, href) {
  const control = document.createElement(href ? 'a' : 'button');
  control.className = 'button button-small';
  control.textContent = label;
  if (href) control.href = href;
  else control.type = 'button';
  if (run) control.addEventListener('click', run);
  return control;
}

container.addEventListener('click', ({ target }) => {
  const notice = target.closest('[data-act="dismiss"]')?.closest('.notice');
  if (notice) holdMoved(container, () => notice.remove());
});
