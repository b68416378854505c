// The message field: shows a count from 400 characters on, sends on Enter, and keeps its draft over a reload.

import { used as usedOf } from '../page/graphemes.js';
import { fit, growWithText } from '../page/growing-field.js';
import { loadText, saveText } from '../page/storage.js';
import { lengthLine } from './words.js';

const KEY = 'neartalk.draft';
const COUNT_FROM = 400;

const form = document.getElementById('composer');
const field = document.getElementById('text');
const counter = document.getElementById('counter');
const countdown = document.getElementById('countdown');
const max = Number(field.dataset.max);
const parts = [];

/** Empties the field and returns its text; null, and the field unchanged, where the text is empty or too long. */
export function extractText() {
  const text = field.value.trim();
  if (!text || usedOf(text, max) > max) {
    field.focus();
    return null;
  }
  setText('');
  return text;
}

/** Adds what can go with a text: extract(text) returns fields of its frame, restore(fields) puts them back. */
export function addPart(part) {
  parts.push(part);
}

/** The fields that go with a text; for the next one there are none. */
export function extractFields(text) {
  return Object.assign({}, ...parts.map(({ extract }) => extract(text)));
}

/** Puts a text back with what went with it unless something else was written meanwhile; returns whether it did. */
export function restoreWith(text, fields) {
  if (!restoreText(text)) return false;
  for (const { restore } of parts) restore(fields);
  return true;
}

/** Takes the field away for good; what was typed stays kept. */
export function close() {
  form.hidden = true;
  for (const control of form.elements) control.disabled = true;
}

/** Shows on the button how many seconds a line still waits; 0 takes that away. Readers of screens are told once, by the refusal. */
export function showCountdown(seconds) {
  countdown.hidden = !seconds;
  countdown.textContent = seconds || '';
  form.classList.toggle('counting', seconds > 0);
}

/** Puts a text back unless something else was written meanwhile; returns whether it did. */
export function restoreText(text) {
  if (field.value.trim()) return false;
  setText(text);
  field.focus();
  return true;
}

function setText(text) {
  field.value = text;
  fit(field);
  onInput();
}

function onInput() {
  saveText(KEY, field.value);
  const used = usedOf(field.value.trim(), max);
  const over = used - max;
  counter.hidden = used < COUNT_FROM;
  if (!counter.hidden) counter.textContent = lengthLine(used, max, over);
  counter.classList.toggle('field-error', over > 0);
  if (over > 0) field.setAttribute('aria-invalid', 'true');
  else field.removeAttribute('aria-invalid');
}

growWithText(field);
field.addEventListener('input', onInput);
for (const type of ['focus', 'blur']) field.addEventListener(type, () => document.body.classList.toggle('writing', type === 'focus'));
field.addEventListener('keydown', (event) => {
  // A phone's Enter is the only way to a new line. One of an input method does not come here (input-method.js).
  if (event.key !== 'Enter' || event.shiftKey || !window.matchMedia('(pointer: fine)').matches) return;
  event.preventDefault();
  form.requestSubmit();
});
setText(field.value || loadText(KEY) || '');
