// The outbox: messages without an ack yet. They are kept over a reload and sent again under the same ref until the server
// acknowledges or refuses them.

import { delayMs } from '../server/backoff.js';
import * as composer from './composer.js';
import { isSynced, serverNow } from '../server/clock.js';
import { isOpen, send } from '../server/connection.js';
import { LIFE_MS, acknowledgedRow } from './message-row.js';
import { addMessages, rowOf } from './messages.js';
import * as refusal from '../page/refusal.js';
import { loadJson, saveJson } from '../page/storage.js';
import { scrollToEnd } from './scroll.js';
import { isSessionKnown } from '../server/session.js';
import { on } from '../server/signals.js';
import { WaitingLines } from './waiting-lines.js';
import { NOT_SENT, REPLY_REFUSED, SENDING, WAITS, sentIn } from './words.js';

const KEY = 'neartalk.outbox';
const UNANSWERED_MS = 10_000;
// These come together with a close, which near.js handles.
const CLOSING = ['session-unknown', 'no-place', 'foreign-origin', 'left', 'banned', 'try-later'];

const list = document.getElementById('outbox');
const template = document.getElementById('outgoing');
let restored = null; // what was refused and stands in the field again: unchanged, it keeps its ref and its turn
const waiting = new WaitingLines((item) => transmit(item), composer.showCountdown);
// By ref: {ref, text, fields, at, failed, tries, row, timer}; only the first five are kept, at in the server's time.
const items = new Map();

/** Sends everything again, after a socket's welcome: from then on the server's time is known. */
export function resendAll() {
  for (const item of items.values()) {
    item.tries = 0;
    item.at ??= serverNow();
    if (serverNow() - item.at > LIFE_MS) fail(item); // hours later nobody expects it to be sent by itself
    else if (!waiting.has(item)) transmit(item);
  }
  waiting.resend();
  save();
}

function add({ ref, text, fields = {}, at = null, failed = false }) {
  const row = template.content.cloneNode(true).firstElementChild;
  row.dataset.ref = ref;
  row.querySelector('.text').textContent = text;
  list.append(row);
  const item = { ref, text, fields, at, failed, tries: 0, row, timer: 0 };
  items.set(ref, item);
  if (failed) fail(item);
  save();
  return item;
}

function frameOf({ ref, text, fields }) {
  return { ...fields, type: 'chat.send', text, ref };
}

function transmit(item) {
  clearTimeout(item.timer);
  if (!item.failed) item.row.querySelector('.life').textContent = SENDING;
  if (!item.failed && send(frameOf(item))) expectAnswer(item);
}

// A timeout is not a refusal: the message may have arrived, and the server keeps a ref only once.
function expectAnswer(item) {
  clearTimeout(item.timer);
  item.timer = setTimeout(() => transmit(item), UNANSWERED_MS);
}

function remove(item) {
  clearTimeout(item.timer);
  items.delete(item.ref);
  item.row.remove();
  save();
  waiting.remove(item);
}

function fail(item) {
  clearTimeout(item.timer);
  item.failed = true;
  item.row.dataset.state = 'failed';
  item.row.querySelector('.life').textContent = NOT_SENT;
  save();
  waiting.remove(item);
}

function save() {
  const kept = [...items.values()].map(({ ref, text, fields, at, failed }) => ({ ref, text, fields, at, failed }));
  saveJson(KEY, kept);
}

function restore(item) {
  const done = composer.restoreWith(item.text, item.fields);
  if (done) restored = item;
  return done;
}

/** A ref of its own, by which an answer of the server names the frame that it is about. */
export function newRef() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

document.getElementById('composer').addEventListener('htmx:wsConfigSend', (event) => {
  const text = composer.extractText();
  if (!text) return event.preventDefault();
  if (!waiting.pending) refusal.clearRefusal();
  const ref = restored?.text === text && !items.has(restored.ref) ? restored.ref : newRef();
  restored = null;
  const item = add({ ref, text, fields: composer.extractFields(text), at: isSynced() ? serverNow() : null });
  scrollToEnd();
  if (waiting.add(item)) {
    item.row.querySelector('.life').textContent = WAITS;
    return event.preventDefault(); // it goes behind what waits already
  }
  if (!isOpen() || !isSessionKnown()) return event.preventDefault(); // it goes out with the others at the welcome
  event.detail.messageBody = JSON.stringify(frameOf(item));
  expectAnswer(item);
});

on('ack', ({ ref, id }) => {
  const item = items.get(ref);
  if (!item) return;
  remove(item);
  if (!rowOf(id)) addMessages([acknowledgedRow(id, item.text, item.fields.reply_to)]);
});

refusal.onRefusal(({ ref, code, retryAfter }) => {
  const item = items.get(ref);
  if (!item) return !CLOSING.includes(code);
  if (code === 'store-unavailable') {
    clearTimeout(item.timer);
    item.timer = setTimeout(() => transmit(item), delayMs(item.tries));
    item.tries += 1;
    return false;
  }
  if (code === 'too-fast' && retryAfter) return wait(item, Number(retryAfter));
  const lost = code === 'not-found' && item.fields.reply_to;
  if (lost) delete item.fields.reply_to;
  if (restore(item)) remove(item);
  else fail(item);
  return lost ? REPLY_REFUSED : true;
});

// It goes by itself when it may: nothing is typed twice. Said once, whatever waits behind it.
function wait(item, seconds) {
  const first = !waiting.has(item);
  clearTimeout(item.timer);
  item.row.querySelector('.life').textContent = WAITS;
  waiting.hold(item, seconds);
  return first && sentIn(seconds);
}

list.addEventListener('click', ({ target }) => {
  if (!target.closest('[data-act="put-back"]')) return;
  const item = items.get(target.closest('.outgoing').dataset.ref);
  if (restore(item)) remove(item);
  else document.getElementById('text').focus();
});

const kept = loadJson(KEY);
if (Array.isArray(kept)) kept.filter((item) => item?.ref).forEach(add);
