// The end of a visit on this page: nothing of it is shown afterwards, not by the back button either, whoever holds the device then.

import { closeAll, forgetNotifications } from './notification.js';
import * as storage from './storage.js';
import { forgetTextSize } from './text-size.js';
import { forgetNews } from './title.js';

// Whatever shows other people, what was said, or who you were.
const PIECES = [
  '#messages, #older, #outbox, #loading, #notices, #refusal, #people-list, #people-count, #people-head, #dial-rings, #chain, #audience',
  '#nobody, #hello, #blocked-list, #blocked-status, #self, #as, #voice-tiles, #voice-heard, #voice-reasons, #voice-notices, #voice-bar-words, #voice-rest, #voice-count',
  '#voice-doors, #voice-outside, #voice-announcement, #voice-knock-announcement, #voice-asks, #voice-wish, #voice-open-now',
  '#menu .who, #menu blockquote, #menu-call-words, #menu-call .end-verb, #menu-reactors, #menu-times, #menu .link-host, #menu .link-whole, #reply .quote, #names',
].join();

let erased = false;

/** Whether the visit of this page is over: nothing of it is shown any more. */
export function isErased() {
  return erased;
}

/** Empties every piece of the page that belongs to the visit. */
export function eraseVisit() {
  erased = true;
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  for (const piece of document.querySelectorAll(PIECES)) piece.replaceChildren();
  for (const link of document.querySelectorAll('.views [href="#people"]')) link.hidden = true; // its name was their number
  forgetNews();
  closeAll();
}

/** Erases the visit, with what this tab has stored of it, and leaves this page for the first one, to which Back then leads too. */
export function leaveVisit() {
  document.body.hidden = true;
  eraseVisit();
  for (const field of document.querySelectorAll('input, textarea')) field.value = '';
  storage.clear();
  forgetTextSize();
  forgetNotifications();
  location.replace('/');
}

// A page in the browser's cache is not shown again as it was: its session may have ended, or be somebody else's. It is loaded
// anew, and the server says where to.
window.addEventListener('pagehide', () => (document.body.hidden = true));
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload();
  else document.body.hidden = false;
});
