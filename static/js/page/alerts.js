// Notices between the conversation and the composer: one a subject, each a ring, a sentence and a way on.

const place = document.getElementById('alerts');
const template = document.getElementById('notice');
const shown = new Map();

/** Shows or replaces the notice on a subject: {title, words, steps?, label?, run?, href?}. */
export function alert(subject, { title = '', words = '', steps = null, label = '', run = null, href = '' }) {
  const notice = template.content.cloneNode(true).firstElementChild;
  const [bold, plain] = notice.querySelector('.notice-words').children;
  bold.textContent = title;
  plain.textContent = words;
  if (steps) notice.querySelector('.notice-words').after(steps);
  if (label) notice.querySelector('.choices').append(way(label, run, href));
  notice.querySelector('.choices').hidden = !label;
  if (shown.get(subject)?.outerHTML === notice.outerHTML) return; // said already
  clear(subject);
  shown.set(subject, notice);
  place.append(notice);
}

export function clear(subject) {
  shown.get(subject)?.remove();
  shown.delete(subject);
}

function way(label, run, href) {
  const control = document.createElement(href ? 'a' : 'button');
  control.className = 'button button-small';
  control.textContent = label;
  if (href) control.href = href;
  else control.type = 'button';
  if (run) control.addEventListener('click', run);
  return control;
}

place.addEventListener('click', ({ target }) => {
  target.closest('[data-act="dismiss"]')?.closest('.notice').remove();
});
