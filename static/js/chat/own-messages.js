// Your own messages: their menu, and the removal that it asks for.

import { send } from '../server/connection.js';
import { on } from '../server/signals.js';
import { stayAtEnd } from './scroll.js';

const removing = new Set(); // ids whose removal was requested and not confirmed

/** Requests the removals without an answer once more, but not for ever: the socket closed before it came. */
export function resendRemovals() {
  for (const id of [...removing]) requestRemoval(id);
}

function requestRemoval(id) {
  if (removing.has(id)) removing.delete(id);
  else removing.add(id);
  send({ type: 'chat.remove', id });
}

function toggleMenu(button, row) {
  const open = button.getAttribute('aria-expanded') !== 'true';
  button.setAttribute('aria-expanded', String(open));
  row.querySelector('.own').hidden = !open;
  stayAtEnd();
}

on('gone', ({ ids }) => {
  for (const id of ids.split(' ')) removing.delete(id);
});
document.getElementById('messages').addEventListener('click', ({ target }) => {
  const act = target.closest('[data-act]')?.dataset.act;
  const row = target.closest('.message');
  if (act === 'remove') requestRemoval(row.dataset.id);
  if (act === 'own') toggleMenu(target.closest('button'), row);
});
