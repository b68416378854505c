// Notices in the voice panel: one for each subject, with a text and actions.

const PASSING_MS = 8000;

const shown = new Map(); // subject: {key, element}
let passing = 0;

/** Shows the notice on a subject, or replaces it: {title, words, actions: [{label, run, quiet?}]}. */
export function showNotice(subject, { title, words, actions = [] }) {
  const key = `${title} ${words}`;
  if (shown.get(subject)?.key === key) return; // shown already
  clearNotice(subject);
  const element = document.getElementById('notice').content.cloneNode(true).firstElementChild;
  const [bold, plain] = element.querySelector('.notice-words').children;
  bold.textContent = title;
  plain.textContent = words;
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
  const element = shown.get(subject)?.element;
  shown.delete(subject);
  if (element?.contains(document.activeElement)) document.getElementById('voice').focus({ preventScroll: true });
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
