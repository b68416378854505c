// The end for somebody who is banned, however they hear of it: said once and for good, with the way to object; no composer is left.

import { showAlert } from './alerts.js';
import { gettext } from './gettext.js';
import { localise } from './local-time.js';
import { clearRefusal } from './refusal.js';
import { showStatus } from './status.js';
import { close } from '../chat/composer.js';
import { refusalIn } from '../server/http.js';

// Where the notice was lost on the way: the start page knows the person by their cookie.
const UNTOLD = { title: gettext('You are banned.'), words: gettext('The start page says why, until when, and where to object.'), label: gettext('To the start'), href: '/' };

let banned = false;

export function isBanned() {
  return banned;
}

/** `notice` is the server's refusal as an element, or null where it did not arrive. */
export function showBan(notice) {
  if (banned && !notice) return;
  banned = true;
  clearRefusal(); // whatever kept them from speaking before
  close();
  showStatus('banned');
  showAlert('connection', notice ? described(notice) : UNTOLD);
}

function described(notice) {
  const [title, words] = localise(notice).querySelector('.notice-words').children;
  const href = notice.dataset.objections ?? '';
  return { title: title.textContent, words: words.textContent, label: href && gettext('Object'), href };
}

// A call may be refused before the socket is closed, or while it has none.
document.body.addEventListener('htmx:afterRequest', ({ detail }) => {
  const notice = detail.xhr?.status === 403 ? refusalIn(detail.xhr) : null;
  if (notice?.dataset.code === 'banned') showBan(notice);
});
