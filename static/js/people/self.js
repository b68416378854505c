// Your own row: the name editor, its link beside the composer, and leaving.

import { refusalIn } from '../server/http.js';
import * as storage from '../page/storage.js';
import { clearPlace } from '../place/published-place.js';

const find = (id) => document.getElementById(id);

function toggleEditor(open) {
  find('rename').hidden = !open;
  find('self').classList.toggle('editing', open);
  find('rename-open').setAttribute('aria-expanded', String(open));
  (open ? find('username') : find('rename-open')).focus();
  if (open) find('username').select();
}

/** Fetches your row anew; to be called after a new session, which makes you another person. */
export function reloadSelf() {
  htmx.ajax('GET', '/near', { source: '#self', target: '#self', swap: 'outerHTML', select: '#self', selectOOB: '#as' });
}

/** Clears all that this tab keeps of the visit. */
export function clearVisit() {
  clearPlace();
  storage.clear();
}

document.addEventListener('click', ({ target }) => {
  if (target.closest('#rename-open')) toggleEditor(find('rename').hidden);
  if (target.closest('#as')) setTimeout(() => toggleEditor(true)); // after the link has opened the panel
});
document.addEventListener('keydown', ({ key, target }) => {
  if (key === 'Escape' && target.closest('#rename')) toggleEditor(false);
});

// A refused name comes back as the same piece with the reason in it.
document.addEventListener('htmx:beforeSwap', ({ detail }) => {
  if (detail.requestConfig.elt.id !== 'rename') return;
  if (/id="self"/.test(detail.xhr.response)) {
    detail.shouldSwap = true;
    detail.isError = false;
  } else if (detail.isError) {
    showRenameError(refusalIn(detail.xhr)?.querySelector('.notice-words').textContent);
  }
});
document.addEventListener('htmx:sendError', ({ detail }) => detail.elt.id === 'rename' && showRenameError());
document.addEventListener('htmx:timeout', ({ detail }) => detail.elt.id === 'rename' && showRenameError());

function showRenameError(words = 'NearTalk did not answer. Your name is as it was.') {
  find('rename-why').textContent = words;
  find('rename-why').classList.add('field-error');
}

document.addEventListener('htmx:afterSettle', ({ detail }) => {
  if (detail.requestConfig?.elt.id === 'rename') find(find('rename').hidden ? 'rename-open' : 'username').focus();
});

// Leaving works at once, with or without an answer. On the body: http.js lets this event go no further.
document.body.addEventListener('htmx:beforeOnLoad', ({ detail }) => detail.elt.id === 'leave' && clearVisit());
document.addEventListener('htmx:sendError', ({ detail }) => detail.elt.id === 'leave' && leavePage());
document.addEventListener('htmx:timeout', ({ detail }) => detail.elt.id === 'leave' && leavePage());
document.addEventListener('htmx:responseError', ({ detail }) => detail.elt.id === 'leave' && leavePage());

function leavePage() {
  clearVisit();
  location.assign('/');
}
