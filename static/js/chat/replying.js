// What the message that is being written replies to: shown in one line above the field, dropped by Escape or its button, and kept
// over a reload as what was typed is.

import { loadText, saveText } from '../page/storage.js';
import { addPart } from './composer.js';
import { isOwn, nameIn } from './message-row.js';
import { fillQuote, onShown, quotable } from './quotes.js';
import { REPLY_GONE, replyingTo } from './words.js';

const KEY = 'neartalk.reply';

const place = document.getElementById('reply');
const quote = place.querySelector('.quote');
const field = document.getElementById('text');
let replyTo = '';

// To none with ''.
function setReply(id) {
  show(quotable(id) ? id : '');
}

function show(id) {
  replyTo = id;
  saveText(KEY, id);
  place.hidden = !id;
  render();
}

// It may be gone, or shown again; what is being written is kept.
function render() {
  const row = quotable(replyTo);
  if (row) return fillQuote(quote, row, replyingTo(isOwn(row) ? '' : nameIn(row)));
  quote.className = 'quote quote-lost';
  quote.textContent = replyTo && REPLY_GONE;
}

// The message is not replied to any more; it may be gone meanwhile.
function extract() {
  const id = quotable(replyTo) ? replyTo : '';
  setReply('');
  return id ? { reply_to: id } : {};
}

/** Replies to a message from now on. */
export function startReply(id) {
  setReply(id);
  field.focus();
}

function drop() {
  setReply('');
  field.focus();
}

addPart({ extract, restore: (fields) => setReply(fields.reply_to ?? '') });
onShown((id) => replyTo && [replyTo, ''].includes(id) && render());
place.querySelector('button').addEventListener('click', drop);
document.getElementById('composer').addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.defaultPrevented || place.hidden) return;
  event.preventDefault();
  drop();
});
show(loadText(KEY) ?? '');
