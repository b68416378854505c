// Taking back what you said: gone from your page at once, asked of the server when the time to undo it is over, or you look away.

import { moment, since } from '../server/clock.js';
import { send } from '../server/connection.js';
import { on } from '../server/signals.js';
import { renderAnswers } from './quotes.js';
import { preserveScroll } from './scroll.js';
import { updateStop } from './message-focus.js';

const UNDO_MS = 5000;
const TICK_MS = 250;

const notice = document.getElementById('undo');
const button = notice.querySelector('button');
const seconds = document.getElementById('undo-seconds');
const removing = new Set(); // ids whose removal was requested and not confirmed
let waiting = null; // {id, from}: the one that can be undone
let timer = 0;

/** Requests the removals without an answer once more, but not for ever: the socket closed before it came. */
export function resendRemovals() {
  for (const id of [...removing]) requestRemoval(id);
}

function requestRemoval(id) {
  if (removing.has(id)) removing.delete(id);
  else removing.add(id);
  send({ type: 'chat.remove', id });
}

/** Takes a message back, which can be undone for a while; one before it no more. */
export function remove(row) {
  commit();
  waiting = { id: row.dataset.id, from: moment() };
  setRemoving(true);
  notice.hidden = false;
  button.focus();
  timer = setInterval(tick, TICK_MS);
  tick();
}

function setRemoving(value) {
  const row = document.getElementById(`m-${waiting.id}`);
  preserveScroll(() => {
    row?.classList.toggle('removing', value);
    renderAnswers(waiting.id);
  });
  updateStop();
}

function tick() {
  const left = UNDO_MS - since(waiting.from);
  if (left <= 0) commit();
  else seconds.textContent = Math.ceil(left / 1000);
}

/** Asks for the removal that waits, without more time to undo it. */
export function commit() {
  if (!waiting) return;
  if (document.getElementById(`m-${waiting.id}`)) requestRemoval(waiting.id); // or it is over by itself
  end();
}

function undo() {
  setRemoving(false);
  const row = document.getElementById(`m-${waiting.id}`);
  end();
  row?.querySelector('.o').focus();
}

function end() {
  clearInterval(timer);
  waiting = null;
  if (notice.contains(document.activeElement)) document.getElementById('scroller').focus({ preventScroll: true });
  notice.hidden = true;
}

on('gone', ({ ids }) => {
  for (const id of ids.split(' ')) removing.delete(id);
});
button.addEventListener('click', undo);
window.addEventListener('pagehide', commit);
// A phone that is put away may stop the page at any moment.
document.addEventListener('visibilitychange', () => document.hidden && commit());
document.addEventListener('htmx:beforeRequest', ({ detail }) => detail.elt.id === 'leave' && commit());
