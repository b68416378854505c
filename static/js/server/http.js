// HTTP requests by htmx, one at a time: the CSRF token, the queue, and the refusal in an answer. An answer that is not the server's
// own (answers.js) is none.

import { isDocument, isOurs } from './answers.js';

const TOKEN = document.querySelector('meta[name="csrf-token"]').content;

// What a request that was never sent resolves to, and the events that end one that was.
const UNSENT = { status: 0, response: '', getResponseHeader: () => null };
const ENDS = ['htmx:afterRequest', 'htmx:onLoadError'];

let queue = Promise.resolve();

document.body.addEventListener('htmx:configRequest', ({ detail }) => {
  detail.headers['X-CSRFToken'] = TOKEN;
});

// Before htmx believes a header or swaps anything. Whoever waits for the answer is told what a broken network would tell.
document.body.addEventListener('htmx:beforeOnLoad', (event) => {
  const { detail } = event;
  if (!isOurs(detail.xhr)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    htmx.trigger(detail.elt, 'htmx:sendError', detail);
  } else if (!isDocument(detail.xhr)) {
    // While DEBUG is on, django-htmx puts any 4xx in place of the whole page. A refusal is a fragment and meant to be read.
    event.stopPropagation();
  }
});

/**
 * Sends values and lets htmx swap the out-of-band pieces of the answer, and the rest into `into` if one is named.
 * Resolves to the XMLHttpRequest, with status 0 if it failed or somebody else answered; never rejects.
 */
export function call(verb, path, values = {}, into = null) {
  const turn = queue.then(() => send(verb, path, { ...values }, into));
  queue = turn;
  return turn;
}

export function succeeded(xhr) {
  return xhr.status >= 200 && xhr.status < 300;
}

/** The refusal in an answer as an element, or null. */
export function refusalIn(xhr) {
  return new DOMParser().parseFromString(xhr.response || '', 'text/html').querySelector('.notice[data-code]');
}

function send(verb, path, values, into) {
  return new Promise((resolve) => {
    const settle = (xhr) => {
      for (const end of ENDS) document.body.removeEventListener(end, onEnd);
      resolve(isOurs(xhr) ? xhr : UNSENT);
    };
    // The object of values identifies the request that an event belongs to.
    const onEnd = ({ detail }) => detail.etc.values === values && settle(detail.xhr);
    for (const end of ENDS) document.body.addEventListener(end, onEnd);
    // htmx.ajax settles after these events, without the answer; without one of them nothing was sent.
    const onNoEvent = () => settle(UNSENT);
    ajax(verb, path, values, into).then(onNoEvent, onNoEvent);
  });
}

async function ajax(verb, path, values, into) {
  await htmx.ajax(verb, path, { source: document.body, target: into ?? document.body, swap: into ? 'innerHTML' : 'none', values });
}
