// Binds the controls of the panel, and events outside of it that concern calls: entry.js loads it, and all that it imports.

import { onBlock } from '../people/blocks.js';
import { isAway } from '../people/away.js';
import { onPeople } from '../people/listing.js';
import { onPlace } from '../place/published-place.js';
import './acts.js';
import * as lifecycle from './lifecycle.js';
import * as volumes from './audio/volumes.js';
import { save, saved } from './session-state.js';
import { microphone, onChange, onDevices } from './audio/microphone.js';
import { facts } from './calls/facts.js';
import * as room from './calls/room.js';
import * as output from './audio/output.js';
import { display, onRetry, renderDevices, scheduleRender } from './panel/renderer.js';
import { openSheet } from './panel/sheet.js';
import * as pushToTalk from './audio/push-to-talk.js';
import { askPermission } from '../page/notification.js';
import { askingOf } from './calls/wish.js';

const find = (id) => document.getElementById(`voice-${id}`);
let network = navigator.connection?.type;

const ON_CLICK = {
  join: () => lifecycle.join(false),
  'join-muted': () => lifecycle.join(true),
  'stay-out': lifecycle.exit,
  mute: () => lifecycle.setMuted(!microphone.muted),
  'bar-mute': () => lifecycle.setMuted(!microphone.muted),
  sound: () => volumes.setDeaf(!saved.deaf),
  leave: lifecycle.leave,
};
const ON_DEVICE = {
  audioinput: (id) => {
    save({ input: id });
    lifecycle.openMicrophone(id);
  },
  audiooutput: volumes.setOutput,
};

export const { askFor, endVisit, setShield, startCheck } = lifecycle;
export { openSheet };

/** Whether you are in voice, or on the way in. */
export function isIn() {
  return ['joining', 'in'].includes(display.phase);
}

/** What asking somebody to talk would do: 'talk' at once, 'ask' them, or '' where it is not possible. */
export function asking(id) {
  if (display.phase !== 'in') return 'ask';
  return askingOf(id, facts) || (isAway(id) ? 'ask' : '');
}

for (const [id, run] of Object.entries(ON_CLICK)) find(id).addEventListener('click', run);
find('falls').checked = saved.falls;
find('falls').addEventListener('change', ({ target }) => {
  save({ falls: target.checked });
  volumes.applyAll();
});
find('signals').checked = saved.signals;
find('signals').addEventListener('change', ({ target: { checked } }) => {
  save({ signals: checked });
  if (checked) askPermission();
});
document.getElementById('voice').addEventListener('change', ({ target }) => {
  ON_DEVICE[target.dataset.device]?.(target.value);
  if (target.name?.startsWith('voice-door')) lifecycle.chooseDoor(target.value);
});
pushToTalk.bind(find('hold'), () => display.phase === 'in' && microphone.state === 'ready', lifecycle.holdToTalk);
onRetry(() => lifecycle.openMicrophone());

onChange(() => {
  room.mesh.setTrack(microphone.track);
  output.measureTrack(microphone.track);
  room.setMuted(microphone.muted || microphone.state !== 'ready');
  scheduleRender();
});
onDevices(() => display.phase !== 'out' && renderDevices());

// Leave before the page does: others see it at once, not after the 30 s in which a page may come back.
document.addEventListener('submit', ({ target }) => target.id === 'leave' && display.phase !== 'out' && lifecycle.leave(), { capture: true });
onPeople(scheduleRender);
onPlace(() => display.phase === 'in' && room.requestPeers());
onBlock(() => display.phase === 'in' && room.endBlocked());
document.addEventListener('neartalk:session', () => {
  if (display.phase === 'out') return;
  room.leave();
  lifecycle.endWith(4401);
});
window.addEventListener('online', () => room.mesh.restart());
navigator.connection?.addEventListener('change', () => {
  // The event also comes with each change of speed; only another network needs an ICE restart.
  if (navigator.connection.type === network) return;
  network = navigator.connection.type;
  room.mesh.restart();
});

scheduleRender();
lifecycle.resume();
