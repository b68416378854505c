// Voice on the page: which press does what, and what a change outside of the panel means for the calls.

import { onBlock } from '../people/blocks.js';
import { onPlace } from '../place/published-place.js';
import * as door from './lifecycle.js';
import * as hearing from './audio/volumes.js';
import { keep, kept, volumeOf } from './session-state.js';
import { microphone, onChange, onDevices } from './audio/microphone.js';
import * as room from './calls/room.js';
import * as sound from './audio/output.js';
import { draw, drawDevices, onRetry, stage } from './panel/renderer.js';
import * as talk from './audio/push-to-talk.js';
import { expand } from './panel/tiles.js';

const find = (id) => document.getElementById(`voice-${id}`);
let network = navigator.connection?.type;

const PRESSED = {
  start: door.start,
  join: () => door.join(false),
  'join-muted': () => door.join(true),
  'stay-out': door.out,
  mute: () => door.mute(!microphone.muted),
  'bar-mute': () => door.mute(!microphone.muted),
  sound: () => hearing.deafen(!kept.deaf),
  leave: door.leave,
};
const ACTS = {
  knock: (id) => room.act('knock', id),
  cancel: (id) => room.act('decline', id),
  accept: (id) => room.act('accept', id),
  decline: (id) => room.act('decline', id),
  end: (id) => room.act('decline', id),
  hush: (id) => hearing.set(id, { hushed: !volumeOf(id).hushed }),
  more: expand,
};
const CHOSEN = {
  audioinput: (id) => {
    keep({ input: id });
    door.ask(id);
  },
  audiooutput: hearing.play,
};

for (const [id, run] of Object.entries(PRESSED)) find(id).addEventListener('click', run);
find('tiles').addEventListener('click', ({ target }) => {
  const act = target.closest('[data-act]')?.dataset.act;
  if (!act) return;
  ACTS[act](target.closest('.tile').dataset.person);
  draw();
});
find('tiles').addEventListener('input', ({ target }) => {
  hearing.set(target.closest('.tile').dataset.person, { volume: Number(target.value) });
  draw();
});
find('shield').addEventListener('change', ({ target }) => door.shield(target.checked));
find('falls').checked = kept.falls;
find('falls').addEventListener('change', ({ target }) => {
  keep({ falls: target.checked });
  hearing.adjustAll();
});
document.getElementById('voice').addEventListener('change', ({ target }) => CHOSEN[target.dataset.device]?.(target.value));
talk.bind(find('hold'), () => stage.phase === 'in' && microphone.state === 'ready', door.speak);
onRetry(() => door.ask());

onChange(() => {
  room.mesh.setTrack(microphone.track);
  sound.listen(microphone.track);
  room.tellMuted(microphone.muted || microphone.state !== 'ready');
  draw();
});
onDevices(() => stage.phase !== 'out' && drawDevices());

// Before the page goes: others hear at once that you left, not after the 30 s in which a page may be back.
document.addEventListener('submit', ({ target }) => target.id === 'leave' && stage.phase !== 'out' && door.leave(), { capture: true });
document.addEventListener('htmx:oobAfterSwap', ({ target }) => target.id === 'people-list' && draw());
onPlace(() => stage.phase === 'in' && room.ask());
onBlock(() => stage.phase === 'in' && room.ask()); // their call ends now, not with the server's next round
document.addEventListener('neartalk:session', () => {
  if (stage.phase === 'out') return;
  room.leave();
  door.over(4401);
});
window.addEventListener('online', () => room.mesh.restart());
navigator.connection?.addEventListener('change', () => {
  // It also tells of every change of speed; only another network needs another way.
  if (navigator.connection.type === network) return;
  network = navigator.connection.type;
  room.mesh.restart();
});

draw();
door.back();
