// HTTP requests by htmx, one at a time: the CSRF token, the queue, and the refusal in an answer.

const TOKEN = document.querySelector('meta[name="csrf-token"]').content;

let queue = Promise.resolve();

document.body.addEventListener('htmx:configRequest', ({ detail }) => {
  detail.headers['X-CSRFToken'] = TOKEN;
});

// While DEBUG is on, django-htmx puts any 4xx in place of the whole page. A refusal is a fragment and meant to be read.
document.body.addEventListener('htmx:beforeOnLoad', (event) => {
  if (!/^\s*<!doctype/i.test(event.detail.xhr.response)) event.stopPropagation();
});

/**
 * Sends values and lets htmx swap the out-of-band pieces of the answer, and the rest into `into` if one is named.
 * Resolves to the XMLHttpRequest, with status 0 if it failed.
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
    // htmx.ajax resolves without the answer; the object of values tells whose event this is.
    const settle = ({ detail }) => {
      if (detail.etc.values !== values) return;
      document.body.removeEventListener('htmx:afterRequest', settle);
      resolve(detail.xhr);
    };
    document.body.addEventListener('htmx:afterRequest', settle);
    const target = into ?? document.body;
    htmx.ajax(verb, path, { source: document.body, target, swap: into ? 'innerHTML' : 'none', values }).catch(() => {});
  });
}
