// The list of people in voice, rendered in place: a person keeps their row, so that the focus is not lost. Calls are the places of
// the room, with your own before them and free ones after them; everybody else has a line, also who is heard through the air.

import { renderPlain } from '../../page/sentences.js';
import { isVisible } from '../../page/visible.js';
import { askWords, controlNames } from './door-words.js';
import { called } from './words.js';

const PLACES_MAX = 9; // that are drawn, where fewer are taken: yours and eight

const rows = new Map(); // person_id: element
const you = createElement('voice-you');
const free = [];

/**
 * Renders tiles (view-model.js) into a list, in their order; `own` is your microphone in a word, '' for no room at all; `limit` is
 * with how many you can talk.
 */
export function renderTiles(list, tiles, { own, limit }, alike) {
  const shown = new Set(tiles.map(({ id }) => id));
  for (const [id, row] of [...rows]) if (!shown.has(id)) removeRow(list, id, row);
  for (const tile of tiles) renderRow(rows.get(tile.id) ?? createRow(tile.id), tile, alike);
  arrange(list, own ? room(tiles, own, limit) : []);
}

/** Sets a text only where it differs: screen readers read changes, and a selection would be lost. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Fills the line of somebody with a sentence about them, their name and tag where it says so; with these alone where it is empty. */
export function renderWho(line, sentence) {
  const parts = sentence.length ? sentence.map((part) => (typeof part === 'string' ? part : null)) : [null];
  const key = JSON.stringify(parts);
  if (line.dataset.key === key) return;
  const [name, tag] = ['.name', '.tag'].map((one) => line.querySelector(one));
  line.dataset.key = key;
  line.replaceChildren(...parts.flatMap((part) => part ?? [name, ' ', tag]));
}

// Who asks stands above the room, and whoever is not in a call with you below it.
function room(tiles, own, limit) {
  setText(you.querySelector('.quiet'), own);
  const of = (wanted) => tiles.filter(wanted).map(({ id }) => rows.get(id));
  const places = of(({ place }) => place);
  return [...of(({ state }) => state === 'knocks'), you, ...places, ...freePlaces(places.length, limit), ...of(({ place, state }) => !place && state !== 'knocks')];
}

function freePlaces(taken, limit) {
  const count = Math.max(0, Math.min(limit, PLACES_MAX - 1) - taken);
  while (free.length < count) free.push(createElement('voice-free'));
  return free.slice(0, count);
}

function createElement(template) {
  return document.getElementById(template).content.cloneNode(true).firstElementChild;
}

function createRow(id) {
  const row = createElement('voice-tile');
  row.dataset.person = id;
  rows.set(id, row);
  return row;
}

function removeRow(list, id, row) {
  if (row.contains(document.activeElement)) list.focus({ preventScroll: true });
  row.remove();
  rows.delete(id);
}

function renderRow(row, tile, alike) {
  const find = (selector) => row.querySelector(selector);
  const focused = row.contains(document.activeElement) && document.activeElement !== row;
  row.className = `tile p${tile.colour}${tile.place ? ' place' : ''}`;
  row.dataset.state = tile.state;
  row.dataset.far = tile.distance;
  row.toggleAttribute('data-speaks', tile.speaks);
  row.toggleAttribute('data-in-room', tile.inRoom);
  row.toggleAttribute('data-muted', tile.muted);
  row.toggleAttribute('data-alike', alike.has(tile.tag));
  setText(find('text'), tile.initial);
  setText(find('.name'), tile.name);
  setText(find('.tag'), tile.tag);
  renderWho(find('.who'), tile.asks);
  renderPlain(find('.tile-status'), tile.words);
  renderControls(row, tile);
  // A control that went away under the focus leaves it to its row, not to the page. Chromium drops the focus with `hidden`.
  if (focused && !(row.contains(document.activeElement) && isVisible(document.activeElement))) row.focus({ preventScroll: true });
}

function renderControls(row, { name, tag, asking, cancels, inRoom }) {
  const ask = row.querySelector('[data-act="knock"]');
  ask.hidden = !asking;
  setText(ask, askWords(asking));
  row.querySelector('[data-act="cancel"]').hidden = !cancels;
  row.querySelector('[data-act="anyway"]').hidden = !inRoom;
  for (const [act, label] of Object.entries(controlNames(called({ name, tag }), asking))) row.querySelector(`[data-act="${act}"]`).setAttribute('aria-label', label);
}

// Moving a row loses its focus: so the focused row stays, and the others are moved around it.
function arrange(list, wanted) {
  const order = [...list.children];
  if (order.length === wanted.length && order.every((row, turn) => row === wanted[turn])) return;
  for (const row of order) if (!wanted.includes(row)) row.remove();
  const fixed = wanted.findIndex((row) => row.contains(document.activeElement));
  wanted.forEach((row, turn) => {
    if (turn < fixed) list.insertBefore(row, wanted[fixed]);
    else if (turn > fixed) list.append(row);
  });
}
