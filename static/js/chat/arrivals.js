// Messages as the socket brings them: each at once, but where they keep coming, several together. Whenever the list changes a phone
// styles, places and paints it anew, and that is most of what a busy place costs it. Your own message, and whatever else comes, is
// shown at once, and before it what came before it. So is all that comes to a hidden page: nothing is painted there, and its timers
// are late.

import { now } from '../server/clock.js';
import { ownId } from '../server/session.js';
import { addMessages } from './messages.js';

const EVERY_MS = 1500;
const AT_ONCE = 5; // before that pace holds: a conversation, not a crowd
const LIST = '<ol id="messages"';

let held = []; // frames
let timer = 0;
let due = -Infinity; // when the list changes next at that pace (GCRA)

function show() {
  clearTimeout(timer);
  timer = 0;
  const frames = held;
  held = []; // before they are shown: what fails then does not come again with all that follows
  if (!frames.length) return;
  // However often it was not waited for, the next waits no longer than that.
  due = Math.min(Math.max(due, now()) + EVERY_MS, now() + AT_ONCE * EVERY_MS);
  addMessages(rowsOf(frames.join('')));
}

function rowsOf(lists) {
  const template = document.createElement('template');
  template.innerHTML = lists;
  return [...template.content.children].flatMap(({ children }) => [...children]);
}

// In no text: there a " is escaped.
function hasOwn(frame) {
  return frame.includes(`data-person="${ownId()}"`);
}

function hold(frame) {
  held.push(frame);
  const waitMs = due - now() - (AT_ONCE - 1) * EVERY_MS;
  if (waitMs <= 0 || document.hidden || hasOwn(frame)) show();
  else timer ||= setTimeout(show, waitMs);
}

document.addEventListener('htmx:wsBeforeMessage', (event) => {
  const { message } = event.detail;
  if (message.startsWith(LIST)) {
    event.preventDefault(); // not swapped by htmx: each row has its place
    hold(message);
  } else show();
});
document.addEventListener('visibilitychange', show);
