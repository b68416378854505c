// Completes names after an @: a list above the field of those in range that go on like that, the nearest first. The focus stays in
// the field; arrows choose, Enter or Tab puts the name, Escape closes the list.

import { initial } from '../page/graphemes.js';
import { fit } from '../page/growing-field.js';
import { formatDistance } from '../page/units.js';
import { isBlocked } from '../people/blocks.js';
import { ambiguousTags } from '../people/likeness.js';
import { colourOf, listedRows } from '../people/list.js';
import { addPart } from './composer.js';
import { completed, matching, mentioned, nameAt } from './mentions.js';

const field = document.getElementById('text');
const list = document.getElementById('names');
const template = document.getElementById('name-option');
let written = null; // the name that is being written
let found = []; // whom it may be
let turn = 0; // which of them is chosen
let chosen = []; // who was put into the text

// Whom a text names; for the next one nobody is chosen.
function extract(text) {
  const mentions = mentioned(text, chosen, peopleInRange());
  chosen = [];
  return mentions.length ? { mentions } : {};
}

function restore({ mentions = [] }) {
  chosen = peopleInRange().filter(({ id }) => mentions.includes(id));
}

function peopleInRange() {
  return listedRows().map(personIn).filter(({ id }) => !isBlocked(id));
}

function personIn(row) {
  const [name, tag] = ['.name', '.tag'].map((part) => row.querySelector(part).textContent);
  return { id: row.dataset.person, name, tag, metres: Number(row.dataset.m), colour: colourOf(row) };
}

function update() {
  written = field.selectionStart === field.selectionEnd ? nameAt(field.value, field.selectionStart) : null;
  found = written ? matching(peopleInRange(), written.typed) : [];
  turn = 0;
  render();
}

function close() {
  written = null;
  found = [];
  render();
}

function render() {
  list.hidden = !found.length;
  const alike = ambiguousTags(found.length ? peopleInRange() : []);
  list.replaceChildren(...found.map((one, at) => createOption(one, at, alike)));
  if (found.length) {
    field.setAttribute('aria-activedescendant', `name-${turn}`);
    list.children[turn].scrollIntoView({ block: 'nearest' });
  } else {
    field.removeAttribute('aria-activedescendant');
  }
}

function createOption({ name, tag, metres, colour }, at, alike) {
  const option = template.content.cloneNode(true).firstElementChild;
  const [face, called, shownTag, far] = option.children;
  option.id = `name-${at}`;
  option.classList.add(colour);
  option.setAttribute('aria-selected', String(at === turn));
  face.textContent = initial(name);
  called.textContent = name;
  shownTag.textContent = tag;
  shownTag.hidden = !alike.has(tag);
  far.textContent = formatDistance(metres);
  return option;
}

function put(one) {
  const { text, caret } = completed(field.value, written, one.name);
  chosen = [one, ...chosen.filter(({ id }) => id !== one.id)];
  field.value = text;
  field.setSelectionRange(caret, caret);
  close();
  fit(field);
  field.dispatchEvent(new Event('input', { bubbles: true }));
  field.focus();
}

const KEYS = {
  ArrowDown: () => (turn = (turn + 1) % found.length),
  ArrowUp: () => (turn = (turn + found.length - 1) % found.length),
  Enter: () => put(found[turn]),
  Tab: () => put(found[turn]),
  Escape: close,
};

// Before the field's own listener, which sends on Enter.
function onKey(event) {
  if (!found.length || !Object.hasOwn(KEYS, event.key) || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  event.stopPropagation();
  KEYS[event.key]();
  if (found.length) render();
}

addPart({ extract, restore });
document.getElementById('composer').addEventListener('keydown', onKey, { capture: true });
for (const type of ['input', 'click']) field.addEventListener(type, update);
// What scrolls can have the focus too.
for (const one of [field, list]) one.addEventListener('blur', ({ relatedTarget }) => [field, list].includes(relatedTarget) || close());
list.addEventListener('pointerdown', (event) => event.preventDefault()); // the field keeps the focus
list.addEventListener('click', ({ target }) => {
  const option = target.closest('[role="option"]');
  if (option) put(found[[...list.children].indexOf(option)]);
});
