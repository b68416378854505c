// Your own row: the name editor, its link beside the composer, and leaving.

import { gettext } from '../page/gettext.js';
import { loadText, removeText, saveText } from '../page/storage.js';
import { refusalIn } from '../server/http.js';
import { leaveVisit } from '../page/visit.js';
import { clearPlace } from '../place/published-place.js';
import { endTracking } from '../place/tracker.js';

const KEY = 'neartalk.name'; // what was typed as a new one, until it is saved or dropped

const find = (id) => document.getElementById(id);

function showEditor(open) {
  find('rename').hidden = !open;
  find('self').classList.toggle('editing', open);
  find('rename-open').setAttribute('aria-expanded', String(open));
}

function toggleEditor(open) {
  showEditor(open);
  (open ? find('username') : find('rename-open')).focus();
  if (open) find('username').select();
  else removeText(KEY);
}

// Another language, or unit, loads the page anew.
function restoreName() {
  const typed = loadText(KEY);
  if (typed === null || find('username').disabled) return;
  find('username').value = typed;
  showEditor(true);
}

/** Fetches your row anew; to be called after a new session, which makes you another person. */
export function reloadSelf() {
  htmx.ajax('GET', '/near', { source: '#self', target: '#self', swap: 'outerHTML', select: '#self', selectOOB: '#as' });
}

document.addEventListener('click', ({ target }) => {
  if (target.closest('#rename-open')) toggleEditor(find('rename').hidden);
  if (target.closest('#as')) setTimeout(() => toggleEditor(true)); // after the link has opened the panel
});
document.addEventListener('keydown', ({ key, target }) => {
  if (key === 'Escape' && target.closest('#rename')) toggleEditor(false);
});
document.addEventListener('input', ({ target }) => target.id === 'username' && saveText(KEY, target.value));
restoreName();

function isSelf(xhr) {
  return /id="self"/.test(xhr.response);
}

// Where the visit has ended meanwhile, the answer is another page.
document.addEventListener('htmx:beforeSwap', ({ target, detail }) => {
  if (target.id === 'self' && !isSelf(detail.xhr)) detail.shouldSwap = false;
});

// A refused name comes back as the same piece with the reason in it.
document.addEventListener('htmx:beforeSwap', ({ detail }) => {
  if (detail.requestConfig.elt.id !== 'rename') return;
  if (isSelf(detail.xhr)) {
    if (!detail.isError) removeText(KEY);
    detail.shouldSwap = true;
    detail.isError = false;
  } else if (detail.isError) {
    showRenameError(refusalIn(detail.xhr)?.querySelector('.notice-words').textContent);
  }
});
document.addEventListener('htmx:sendError', ({ detail }) => detail.elt.id === 'rename' && showRenameError());
document.addEventListener('htmx:timeout', ({ detail }) => detail.elt.id === 'rename' && showRenameError());

function showRenameError(words = gettext('NearTalk did not answer. Your name is as it was.')) {
  find('rename-why').textContent = words;
  find('rename-why').classList.add('field-error');
}

document.addEventListener('htmx:afterSettle', ({ detail }) => {
  if (detail.requestConfig?.elt.id === 'rename') find(find('rename').hidden ? 'rename-open' : 'username').focus();
});

// Leaving works at once, with or without an answer, and without htmx: its redirect would keep this page in the tab's history.
function onLeft(event) {
  if (event.detail.elt.id !== 'leave') return;
  event.preventDefault();
  leave();
}

/** Leaves the visit on this page. */
export function leave() {
  clearPlace();
  endTracking();
  leaveVisit();
}

// On the body: http.js lets the first of these events go no further.
for (const name of ['htmx:beforeOnLoad', 'htmx:sendError', 'htmx:timeout']) document.body.addEventListener(name, onLeft);
