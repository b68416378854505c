// The list of people in voice, rendered in place: a person keeps their row, so that neither focus nor a slider is lost.

import { isVisible } from '../../page/visible.js';
import { volumeOf } from '../session-state.js';

const TALKS = ['live', 'reconnecting', 'connecting', 'failed'];
const ACTS = ['accept', 'decline', 'knock', 'cancel', 'more', 'hush', 'anyway'];

const rows = new Map(); // person_id: element
let expanded = null;

/** Renders tiles (view-model.js) into a list, in their order. */
export function renderTiles(list, tiles) {
  const shown = new Set(tiles.map(({ id }) => id));
  for (const [id, row] of [...rows]) if (!shown.has(id)) removeRow(list, id, row);
  for (const tile of tiles) renderRow(rows.get(tile.id) ?? createRow(tile.id), tile);
  arrange(list, tiles.map(({ id }) => rows.get(id)));
}

/** Opens or closes what else can be done with a person. */
export function toggleExpanded(id) {
  expanded = expanded === id ? null : id;
}

/** Sets a text only where it differs: screen readers read changes, and a selection would be lost. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function createRow(id) {
  const row = document.getElementById('voice-tile').content.cloneNode(true).firstElementChild;
  row.dataset.person = id;
  const more = row.querySelector('.tile-more');
  more.id = `voice-more-${id}`;
  row.querySelector('[data-act="more"]').setAttribute('aria-controls', more.id);
  row.querySelector('.slider').value = String(volumeOf(id).volume);
  rows.set(id, row);
  return row;
}

function removeRow(list, id, row) {
  if (row.contains(document.activeElement)) list.focus({ preventScroll: true });
  row.remove();
  rows.delete(id);
}

function renderRow(row, tile) {
  const find = (selector) => row.querySelector(selector);
  const called = `${tile.name} ${tile.tag}`;
  const focused = row.contains(document.activeElement) && document.activeElement !== row;
  row.className = `tile p${tile.colour}`;
  row.dataset.state = tile.state;
  row.toggleAttribute('data-speaks', tile.speaks);
  row.toggleAttribute('data-in-room', tile.inRoom);
  row.toggleAttribute('data-muted', tile.muted);
  setText(find('text'), tile.initial);
  setText(find('.name'), tile.name);
  setText(find('.tag'), tile.tag);
  setText(find('.knocking'), tile.state === 'knocks' ? `knocks, ${tile.distance}${/\d/.test(tile.distance) ? ' away' : ''}.` : '');
  setText(find('.tile-status'), tile.words);
  labelControls(row, called);
  renderSound(row, tile, called);
  renderEnd(row, tile, called);
  // A control that went away under the focus leaves it to its row, not to the page.
  if (focused && !isVisible(document.activeElement)) row.focus({ preventScroll: true });
}

function labelControls(row, called) {
  const names = {
    accept: `Let in ${called}`,
    decline: `Not now, ${called}`,
    knock: `Knock at ${called}`,
    cancel: `Cancel the knock at ${called}`,
    more: `More about ${called}`,
    anyway: `Hear them here anyway, ${called}`,
    hush: `Mute ${called} for me`,
  };
  for (const act of ACTS) row.querySelector(`[data-act="${act}"]`).setAttribute('aria-label', names[act]);
}

function renderSound(row, { id, state }, called) {
  const { hushed } = volumeOf(id);
  const slider = row.querySelector('.slider');
  slider.setAttribute('aria-label', `Volume of ${called}`);
  slider.setAttribute('aria-valuetext', `${slider.value} %`);
  row.querySelector('.hush').setAttribute('aria-pressed', String(hushed));
  row.toggleAttribute('data-sound', state === 'live');
}

function renderEnd(row, { id, state, ends }, called) {
  const button = row.querySelector('[data-act="more"]');
  const open = ends && expanded === id;
  button.disabled = !ends;
  button.setAttribute('aria-expanded', String(open));
  row.querySelector('.tile-more').hidden = !open;
  setText(row.querySelector('[data-act="end"]'), TALKS.includes(state) ? `End the call with ${called}` : `Leave the line for ${called}`);
}

// Moving a row loses its focus: so the focused row stays, and the others are moved around it.
function arrange(list, wanted) {
  const order = [...list.children];
  if (order.length === wanted.length && order.every((row, turn) => row === wanted[turn])) return;
  const fixed = wanted.findIndex((row) => row.contains(document.activeElement));
  wanted.forEach((row, turn) => {
    if (turn < fixed) list.insertBefore(row, wanted[fixed]);
    else if (turn > fixed) list.append(row);
  });
}
