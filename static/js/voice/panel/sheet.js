// What the menu of a person shows of a call with them: its state in words, the volume, mute for me, and its end.

import { holdMoved } from '../../page/held-taps.js';
import { gettext } from '../../page/gettext.js';
import { renderPlain } from '../../page/sentences.js';
import { isVisible } from '../../page/visible.js';
import { volumeOf } from '../session-state.js';
import { setText } from './tiles.js';
import * as words from './door-words.js';
import { called } from './words.js';

const dialog = document.getElementById('menu');
const section = document.getElementById('menu-call');
const slider = document.getElementById('menu-volume');
const find = (selector) => section.querySelector(selector);

let tiles = [];

/** The menu is opened for somebody. */
export function openSheet(id) {
  slider.value = String(volumeOf(id).volume);
  renderSheet();
}

/** Renders the menu, if it is that of one of these tiles. */
export function renderSheet(shown = tiles) {
  tiles = shown;
  const focused = section.contains(document.activeElement);
  const tile = tiles.find(({ id }) => id === dialog.dataset.person);
  holdMoved(dialog, () => {
    section.hidden = !tile;
    if (tile) renderCall(tile);
  });
  const kept = section.contains(document.activeElement) && isVisible(document.activeElement);
  if (focused && !kept) dialog.querySelector('.menu-acts > [data-act="close"]').focus();
}

function renderCall(tile) {
  const { id, name, tag, state, inRoom, twice, ends } = tile;
  const heard = state === 'live' && !inRoom;
  renderPlain(find('#menu-call-words'), words.sheetLine(tile));
  find('.menu-sound').hidden = !heard;
  slider.setAttribute('aria-label', gettext('Volume of {name}', { name: called({ name, tag }) }));
  slider.setAttribute('aria-valuetext', gettext('{number} %', { number: Number(slider.value) }));
  find('[data-act="hush"]').hidden = !heard;
  find('[data-act="hush"]').setAttribute('aria-pressed', String(volumeOf(id).hushed));
  find('[data-act="anyway"]').hidden = !inRoom && !twice;
  find('[data-act="anyway"]').setAttribute('aria-pressed', String(inRoom));
  find('[data-act="end"]').hidden = !ends;
  const [verb, rest] = words.endWords(tile);
  renderPlain(find('.end-verb'), verb);
  setText(find('.end-rest'), rest);
}
