// Yourself: the name editor, your way to it from the composer, and leaving.

import { refusalIn } from '../server/http.js';
import { forget } from '../place/published-place.js';

const find = (id) => document.getElementById(id);

function edit(open) {
  find('rename').hidden = !open;
  find('self').classList.toggle('editing', open);
  find('rename-open').setAttribute('aria-expanded', String(open));
  (open ? find('username') : find('rename-open')).focus();
  if (open) find('username').select();
}

/** After a new session: you are somebody else to the server, so fetch who. */
export function refresh() {
  htmx.ajax('GET', '/near', { source: '#self', target: '#self', swap: 'outerHTML', select: '#self', selectOOB: '#as' });
}

/** Nothing of this visit stays in this tab. */
export function clean() {
  forget();
  sessionStorage.clear();
}

document.addEventListener('click', ({ target }) => {
  if (target.closest('#rename-open')) edit(find('rename').hidden);
  if (target.closest('#as')) setTimeout(() => edit(true)); // after the link has opened the panel
});
document.addEventListener('keydown', ({ key, target }) => {
  if (key === 'Escape' && target.closest('#rename')) edit(false);
});

// A refused name comes back as the same piece with the reason in it.
document.addEventListener('htmx:beforeSwap', ({ detail }) => {
  if (detail.requestConfig.elt.id !== 'rename') return;
  if (/id="self"/.test(detail.xhr.response)) {
    detail.shouldSwap = true;
    detail.isError = false;
  } else if (detail.isError) {
    why(refusalIn(detail.xhr)?.querySelector('.notice-words').textContent);
  }
});
document.addEventListener('htmx:sendError', ({ detail }) => detail.elt.id === 'rename' && why());
document.addEventListener('htmx:timeout', ({ detail }) => detail.elt.id === 'rename' && why());

function why(words = 'NearTalk did not answer. Your name is as it was.') {
  find('rename-why').textContent = words;
  find('rename-why').classList.add('field-error');
}

document.addEventListener('htmx:afterSettle', ({ detail }) => {
  if (detail.requestConfig?.elt.id === 'rename') find(find('rename').hidden ? 'rename-open' : 'username').focus();
});

// Leaving works at once, with or without an answer. On the body: http.js lets this event go no further.
document.body.addEventListener('htmx:beforeOnLoad', ({ detail }) => detail.elt.id === 'leave' && clean());
document.addEventListener('htmx:sendError', ({ detail }) => detail.elt.id === 'leave' && away());
document.addEventListener('htmx:timeout', ({ detail }) => detail.elt.id === 'leave' && away());
document.addEventListener('htmx:responseError', ({ detail }) => detail.elt.id === 'leave' && away());

function away() {
  clean();
  location.assign('/');
}
