// What needs you in the voice panel: one notice a subject, each a ring, a sentence and ways on.

const shown = new Map(); // subject: {key, element}

/** Shows or replaces the notice on a subject: {title, words, ways: [{label, run, quiet?}]}. */
export function notice(subject, { title, words, ways = [] }) {
  const key = `${title} ${words}`;
  if (shown.get(subject)?.key === key) return; // said already
  clear(subject);
  const element = document.getElementById('notice').content.cloneNode(true).firstElementChild;
  const [bold, plain] = element.querySelector('.notice-words').children;
  bold.textContent = title;
  plain.textContent = words;
  const choices = element.querySelector('.choices');
  choices.hidden = !ways.length;
  choices.append(...ways.map(button));
  shown.set(subject, { key, element });
  document.getElementById('voice-notices').append(element);
}

export function clear(subject) {
  const element = shown.get(subject)?.element;
  shown.delete(subject);
  if (element?.contains(document.activeElement)) document.getElementById('voice').focus({ preventScroll: true });
  element?.remove();
}

function button({ label, run, quiet = false }) {
  const control = document.createElement('button');
  control.type = 'button';
  control.className = `button button-small${quiet ? ' button-line' : ''}`;
  control.textContent = label;
  control.addEventListener('click', run);
  return control;
}
