// Notices in the voice panel: one for each subject, with a text and actions.

import { holdMoved } from '../../page/held-taps.js';
import { renderPlain } from '../../page/sentences.js';

const PASSING_MS = 8000;

const panel = document.getElementById('voice');
const shown = new Map(); // subject: {key, element}
let passing = 0;

/** Shows the notice on a subject, or replaces it: {title, words (parts of a sentence), actions: [{label, run, quiet?}]}. */
export function showNotice(subject, notice) {
  const key = JSON.stringify([notice.title, notice.words]);
  if (shown.get(subject)?.key === key) return; // shown already
  holdMoved(panel, () => replace(subject, key, notice));
}

function replace(subject, key, { title, words, actions = [] }) {
  remove(subject);
  const element = document.getElementById('notice').content.cloneNode(true).firstElementChild;
  const [bold, plain] = element.querySelector('.notice-words').children;
  bold.textContent = title;
  renderPlain(plain, words);
  const choices = element.querySelector('.choices');
  choices.hidden = !actions.length;
  choices.append(...actions.map(actionButton));
  shown.set(subject, { key, element });
  document.getElementById('voice-notices').append(element);
}

/** Shows one sentence for a few seconds. */
export function showPassing(words) {
  showNotice('passing', { title: '', words });
  clearTimeout(passing);
  passing = setTimeout(() => clearNotice('passing'), PASSING_MS);
}

export function clearNotice(subject) {
  if (shown.has(subject)) holdMoved(panel, () => remove(subject));
}

function remove(subject) {
  const element = shown.get(subject)?.element;
  shown.delete(subject);
  if (element?.contains(document.activeElement)) panel.focus({ preventScroll: true });
  element?.remove();
}

function actionButton({ label, run, quiet = false }) {
  const control = document.createElement('button');
  control.type = 'button';
  control.className = `button button-small${quiet ? ' button-line' : ''}`;
  control.textContent = label;
  control.addEventListener('click', run);
  return control;
}
