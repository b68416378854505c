// The list of people in voice, rendered in place: a person keeps their row, so that the focus is not lost. Calls are the places of
// the room, with your own before them and free ones after them; everybody else has a line, also who is heard through the air.

import { isVisible } from '../../page/visible.js';

const PLACES = 8; // that are drawn at least; more where more may be taken

const rows = new Map(); // person_id: element
const you = createElement('voice-you');
const free = [];

/** Renders tiles (view-model.js) into a list, in their order; `own` is your microphone in a word, '' for no room at all. */
export function renderTiles(list, tiles, own, alike) {
  const shown = new Set(tiles.map(({ id }) => id));
  for (const [id, row] of [...rows]) if (!shown.has(id)) removeRow(list, id, row);
  for (const tile of tiles) renderRow(rows.get(tile.id) ?? createRow(tile.id), tile, alike);
  arrange(list, own ? room(tiles, own) : []);
}

/** Sets a text only where it differs: screen readers read changes, and a selection would be lost. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Who asks stands above the room, and whoever is not in a call with you below it.
function room(tiles, own) {
  setText(you.querySelector('.quiet'), own);
  const of = (wanted) => tiles.filter(wanted).map(({ id }) => rows.get(id));
  const places = of(({ place }) => place);
  return [...of(({ state }) => state === 'knocks'), you, ...places, ...freePlaces(places.length), ...of(({ place, state }) => !place && state !== 'knocks')];
}

function freePlaces(taken) {
  const count = Math.max(0, PLACES - 1 - taken);
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
  setText(find('.asking-words'), tile.asks);
  setText(find('.tile-status'), tile.words);
  renderControls(row, tile);
  // A control that went away under the focus leaves it to its row, not to the page. Chromium drops the focus with `hidden`.
  if (focused && !(row.contains(document.activeElement) && isVisible(document.activeElement))) row.focus({ preventScroll: true });
}

function renderControls(row, { name, tag, asking, state, inRoom }) {
  const called = `${name} ${tag}`;
  const ask = row.querySelector('[data-act="knock"]');
  ask.hidden = !asking;
  setText(ask, asking === 'talk' ? 'Talk' : 'Ask to talk');
  row.querySelector('[data-act="cancel"]').hidden = state !== 'knocked';
  row.querySelector('[data-act="anyway"]').hidden = !inRoom;
  const names = {
    accept: `Let in ${called}`,
    decline: `Not now, ${called}`,
    knock: asking === 'talk' ? `Talk with ${called}` : `Ask ${called} to talk`,
    cancel: `Cancel asking ${called}`,
    anyway: `Hear them here anyway, ${called}`,
    person: `More about ${called}`,
  };
  for (const [act, label] of Object.entries(names)) row.querySelector(`[data-act="${act}"]`).setAttribute('aria-label', label);
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
