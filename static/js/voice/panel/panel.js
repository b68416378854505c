// The voice panel: shows the parts of its phase and fills them. What to show is decided by renderer.js and view-model.js.

import { draw as drawTiles, write } from './tiles.js';

const SHIELD = {
  on: ['Shield on', 'Nobody sees your network address.'],
  off: ['Shield off', 'Faster. People you talk with who chose the same can see your network address.'],
};

const panel = document.getElementById('voice');
const find = (id) => document.getElementById(`voice-${id}`);

/** phase: out, check, joining, barred or in. */
export function show(phase) {
  if (panel.dataset.phase === phase) return;
  const focused = panel.contains(document.activeElement) && document.activeElement !== panel;
  panel.dataset.phase = phase;
  for (const part of panel.querySelectorAll('[data-in]')) part.hidden = !part.dataset.in.split(' ').includes(phase);
  if (focused && !document.activeElement.checkVisibility()) panel.focus({ preventScroll: true });
}

export function shield(on, held) {
  const [name, words] = SHIELD[on ? 'on' : 'off'];
  find('shield').checked = on;
  find('shield').disabled = held;
  write(find('shield-name'), name);
  write(find('shield-words'), words);
}

/** Who hears you, why others do not, and everybody in voice. `alike` are the tags of names that two people have. */
export function people({ sentence, reasons, tiles, rest, count }, alike) {
  sayOf(find('heard'), sentence, alike);
  const lines = find('reasons');
  while (lines.childElementCount > reasons.length) lines.lastElementChild.remove();
  while (lines.childElementCount < reasons.length) lines.append(document.createElement('p'));
  reasons.forEach((reason, turn) => sayOf(lines.children[turn], reason, alike));
  drawTiles(find('tiles'), tiles);
  write(find('rest'), rest);
  write(find('count'), count ? ` ${count}` : '');
}

/** Whether the way to the server is there; that it is not is said once. */
export function socket(online) {
  const line = find('socket');
  if (line.hidden === online) return;
  line.hidden = online;
  if (!online) tell(line.textContent.trim());
}

/** Your microphone: its sentence, and what its controls can do. */
export function microphone({ words, muted, works, deaf }) {
  write(find('level-words'), words);
  const mute = find('mute');
  mute.setAttribute('aria-pressed', String(muted));
  write(mute.querySelector('span'), muted ? 'Muted' : 'Mute');
  find('bar-mute').setAttribute('aria-pressed', String(muted));
  write(find('bar-mute'), muted ? 'Muted' : 'Mute');
  for (const control of [mute, find('hold'), find('bar-mute')]) control.disabled = !works;
  find('sound').setAttribute('aria-pressed', String(deaf));
}

/** The check before joining. */
export function check({ words, works }) {
  write(find('check-words'), words);
  write(find('join'), works ? 'Join' : 'Join and listen');
  find('join-muted').hidden = !works;
}

/** How many of the five waves of your microphone are lit. */
export function level(waves) {
  for (const svg of document.querySelectorAll('.waves')) {
    [...svg.querySelectorAll('path')].forEach((path, turn) => path.classList.toggle('on', turn < waves));
  }
}

/** The line above the composer while the panel is out of sight. */
export function bar(words, alike, needed) {
  find('bar').hidden = !words;
  find('bar').toggleAttribute('data-knock', needed);
  if (words) sayOf(find('bar-words'), words, alike);
}

/** Fills the choices of devices: {audioinput, audiooutput} and what is chosen of each. */
export function devices(found, chosen) {
  for (const select of document.querySelectorAll('#voice select[data-device]')) {
    const kind = select.dataset.device;
    const list = found[kind].length ? found[kind] : [{ id: '', label: kind === 'audioinput' ? 'No microphone' : 'This device' }];
    const key = JSON.stringify(list);
    if (select.dataset.list !== key) {
      select.dataset.list = key;
      select.replaceChildren(...list.map(({ id, label }) => new Option(label, id)));
    }
    select.disabled = !found[kind].length;
    select.value = list.some(({ id }) => id === chosen[kind]) ? chosen[kind] : list[0].id;
  }
}

export function outputs(offered) {
  find('outputs').hidden = !offered;
}

/** Says it to a reader of screens; a knock at once, the rest when there is a pause. */
export function tell(sentence, knock = false) {
  const region = find(knock ? 'knock-said' : 'said');
  region.textContent = '';
  // The same sentence twice is said twice only if it was away in between.
  setTimeout(() => (region.textContent = sentence));
}

function sayOf(element, sentence, alike) {
  const key = JSON.stringify([sentence, [...alike]]);
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  element.replaceChildren(...sentence.flatMap((part) => (typeof part === 'string' ? part : named(part, alike))));
}

function named({ name, tag, colour }, alike) {
  const bold = document.createElement('bdi');
  bold.className = `name p${colour}`;
  bold.textContent = name;
  if (!alike.has(tag)) return [bold];
  const small = document.createElement('span');
  small.className = 'tag';
  small.textContent = tag;
  return [bold, ' ', small];
}

// The button in the head opens the panel, and closes it again.
function located() {
  const open = window.location.hash === '#voice';
  const link = find('link');
  link.href = open ? '#chat' : '#voice';
  if (open) link.setAttribute('aria-current', 'true');
  else link.removeAttribute('aria-current');
}

window.addEventListener('hashchange', located);
located();
