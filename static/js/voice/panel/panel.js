// The elements of the voice panel: shows the parts of a phase and fills them. renderer.js and view-model.js decide with what.

import { formatNumber, gettext } from '../../page/gettext.js';
import { renderPlain, renderSentence } from '../../page/sentences.js';
import { isVisible } from '../../page/visible.js';
import { DOOR } from './door-words.js';
import { renderTiles, setText } from './tiles.js';

const panel = document.getElementById('voice');
// Each for a server with a relay, and for one where all is direct.
const STARTS = {
  start: [gettext('Join voice'), gettext('Join voice directly')],
  'join-them': [gettext('Join them'), gettext('Join them directly')],
};
// Translators: a button that mutes your microphone.
const MUTE = [gettext('Mute'), gettext('Muted')];
const NO_DEVICE = { audioinput: gettext('No microphone'), audiooutput: gettext('This device') };
const find = (id) => document.getElementById(`voice-${id}`);

/** phase: out, check, joining, barred or in. */
export function showPhase(phase) {
  if (panel.dataset.phase === phase) return;
  const focused = panel.contains(document.activeElement) && document.activeElement !== panel;
  panel.dataset.phase = phase;
  find('link').toggleAttribute('data-in', phase === 'in');
  for (const part of panel.querySelectorAll('[data-in]')) part.hidden = !part.dataset.in.split(' ').includes(phase);
  if (focused && !isVisible(document.activeElement)) panel.focus({ preventScroll: true });
}

/** Whether your address is hidden, and in words which way your voice goes. */
export function renderWay({ hidden, held, words }) {
  find('shield').checked = hidden;
  find('shield').disabled = held;
  setText(find('shield-words'), words);
}

/** Whether the ways in say that they are direct: then to press one is to choose that. */
export function renderStarts(direct) {
  for (const [id, words] of Object.entries(STARTS)) {
    find(id).toggleAttribute('data-direct', direct);
    setText(find(id).querySelector('span'), words[Number(direct)]);
  }
  find('straight').hidden = !direct;
}

/** Your door: what is chosen, and before you join whose is open now and whom you will ask, as parts of sentences. */
export function renderDoor(door, openNow, wish) {
  for (const choice of panel.querySelectorAll('input[name^="voice-door"]')) choice.checked = choice.value === door;
  setText(find('door-words'), DOOR[door] ?? '');
  renderPlain(find('open-now'), openNow);
  renderPlain(find('wish'), wish);
}

/**
 * Who hears you, why others do not, and everybody in voice; `own` is your microphone in a word. `alike` are the tags of names
 * that two people have.
 */
export function renderPeople({ sentence, reasons, tiles, rest, count, own, limit }, alike) {
  renderSentence(find('heard'), sentence, alike);
  const lines = find('reasons');
  while (lines.childElementCount > reasons.length) lines.lastElementChild.remove();
  while (lines.childElementCount < reasons.length) lines.append(document.createElement('p'));
  reasons.forEach((reason, turn) => renderSentence(lines.children[turn], reason, alike));
  renderTiles(find('tiles'), tiles, { own, limit }, alike);
  setText(find('rest'), rest);
  setText(find('count'), count ? ` ${formatNumber(count)}` : '');
}

/** Shows whether the signalling socket is open; a loss is announced once. */
export function renderSocket(online) {
  const line = find('socket');
  if (line.hidden === online) return;
  line.hidden = online;
  if (!online) announce(line.textContent.trim());
}

/** Your microphone: its sentence, and what its controls can do. */
export function renderMicrophone({ words, muted, works, deaf }) {
  setText(find('level-words'), words);
  const mute = find('mute');
  mute.setAttribute('aria-pressed', String(muted));
  setText(mute.querySelector('span'), MUTE[Number(muted)]);
  find('bar-mute').setAttribute('aria-pressed', String(muted));
  setText(find('bar-mute'), MUTE[Number(muted)]);
  for (const control of [mute, find('hold'), find('bar-mute')]) control.disabled = !works;
  find('sound').setAttribute('aria-pressed', String(deaf));
  find('link').toggleAttribute('data-muted', panel.dataset.phase === 'in' && muted);
}

/** The check before joining. */
export function renderCheck({ words, works }) {
  setText(find('check-words'), words);
  setText(find('join'), works ? gettext('Join') : gettext('Join and listen'));
  find('join-muted').hidden = !works;
}

/** How many of the five waves of your microphone are lit. */
export function renderLevel(waves) {
  for (const svg of document.querySelectorAll('.waves')) {
    [...svg.querySelectorAll('path')].forEach((path, turn) => path.classList.toggle('on', turn < waves));
  }
}

/** The line above the composer while the panel is out of sight. */
export function renderBar(words, alike, needed) {
  find('bar').hidden = !words;
  find('bar').toggleAttribute('data-needed', needed);
  if (words) renderSentence(find('bar-words'), words, alike);
}

/** Fills the choices of devices: {audioinput, audiooutput} and what is chosen of each. */
export function renderDevices(found, chosen) {
  for (const select of document.querySelectorAll('#voice select[data-device]')) {
    const kind = select.dataset.device;
    const list = found[kind].length ? found[kind] : [{ id: '', label: NO_DEVICE[kind] }];
    const key = JSON.stringify(list);
    if (select.dataset.list !== key) {
      select.dataset.list = key;
      select.replaceChildren(...list.map(({ id, label }) => new Option(label, id)));
    }
    select.disabled = !found[kind].length;
    select.value = list.some(({ id }) => id === chosen[kind]) ? chosen[kind] : list[0].id;
  }
}

export function renderOutputs(offered) {
  find('outputs').hidden = !offered;
}

/** Announces a sentence to screen readers: a knock at once, anything else at the next pause. */
export function announce(sentence, knock = false) {
  const region = find(knock ? 'knock-announcement' : 'announcement');
  region.textContent = '';
  // Screen readers read the same sentence again only if it was gone in between.
  setTimeout(() => (region.textContent = sentence));
}
