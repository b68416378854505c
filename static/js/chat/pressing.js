// What is done with messages, loaded once they are there. What presses on them do: one listener for the whole list. A tap on its
// words, a long press, a right click, or Enter on its ring opens its sheet; a link opens, once it said where it leads; while
// something is being selected nothing does.

import './left.js';
import './name-list.js';
import './tools.js';
import { release } from '../page/early-taps.js';
import { setMuted } from '../people/muted.js';
import { jump } from './jump.js';
import { openSheet } from './message-sheet.js';
import { isOwn } from './message-row.js';
import { react } from './reacting.js';
import { startReply } from './replying.js';
import { followLink } from './stranger-links.js';

const LONG_MS = 500;
const MOVED_PX = 10;

const list = document.getElementById('messages');
let press = null; // {pointerId, x, y, timer}: a finger that is held

const ACTS = {
  message: openSheet,
  more: openSheet,
  'react-menu': openSheet,
  reply: (row) => startReply(row.dataset.id),
  quoted: jump,
  unfold: (row) => setMuted(row.dataset.person, false),
  chip: (row, { dataset }) => (isOwn(row) ? openSheet(row) : react(row.dataset.id, dataset.kind)),
};

function isSelecting() {
  const selection = window.getSelection();
  return !selection.isCollapsed && selection.containsNode(list, true);
}

function onClick(event) {
  const row = event.target.closest('.message');
  if (!row) return;
  const link = event.target.closest('a');
  const control = event.target.closest('[data-act]');
  if (link) followLink(event, row, link);
  else if (control) ACTS[control.dataset.act]?.(row, control);
  else if (event.target.closest('.bubble') && !isSelecting()) openSheet(row);
}

function onContextMenu(event) {
  const row = event.target.closest('.message:not(.folded)');
  if (!row || !event.target.closest('.bubble, .o') || event.target.closest('a') || isSelecting()) return;
  event.preventDefault();
  openSheet(row);
}

// Safari on a phone has no contextmenu.
function onDown({ target, pointerType, pointerId, clientX: x, clientY: y }) {
  if (press) letGo(press);
  const bubble = target.closest('.message:not(.folded) > .bubble');
  if (pointerType !== 'touch' || !bubble || target.closest('a')) return;
  press = { pointerId, x, y, timer: setTimeout(() => openSheet(bubble.parentElement), LONG_MS) };
}

function onMove(event) {
  if (press && Math.hypot(event.clientX - press.x, event.clientY - press.y) > MOVED_PX) letGo(event);
}

// A mouse beside it, which browsers move by themselves as what is under it moves, lets go of nothing.
function letGo({ pointerId }) {
  if (press?.pointerId !== pointerId) return;
  clearTimeout(press.timer);
  press = null;
}

list.addEventListener('click', onClick);
list.addEventListener('auxclick', (event) => event.button === 1 && event.target.closest('a') && onClick(event));
list.addEventListener('contextmenu', onContextMenu);
list.addEventListener('pointerdown', onDown);
list.addEventListener('pointermove', onMove, { passive: true });
for (const type of ['pointerup', 'pointercancel']) list.addEventListener(type, letGo);
release(list);
