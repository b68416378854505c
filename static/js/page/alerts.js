// Alerts between the conversation and the composer: one for each subject, with a text and at most one action.

const container = document.getElementById('alerts');
const template = document.getElementById('notice');
const shown = new Map();

/** Shows the alert on a subject, or replaces it: {title, words, steps?, label?, run?, href?}. */
export function showAlert(subject, { title = '', words = '', steps = null, label = '', run = null, href = '' }) {
  const notice = template.content.cloneNode(true).firstElementChild;
  const [bold, plain] = notice.querySelector('.notice-words').children;
  bold.textContent = title;
  plain.textContent = words;
  if (steps) notice.querySelector('.notice-words').after(steps);
  if (label) notice.querySelector('.choices').append(actionControl(label, run, href));
  notice.querySelector('.choices').hidden = !label;
  if (shown.get(subject)?.outerHTML === notice.outerHTML) return; // shown already
  clearAlert(subject);
  shown.set(subject, notice);
  container.append(notice);
}

export function clearAlert(subject) {
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
  target.closest('[data-act="dismiss"]')?.closest('.notice').remove();
});
