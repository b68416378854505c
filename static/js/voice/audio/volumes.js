// How loud each person is for you, and what the device shows of it: volumes, distance, sound off, a locked screen.

import { keep, kept, setVolume, volumeOf } from '../session-state.js';
import { falloff } from './loudness.js';
import { clear, notice } from '../panel/notices.js';
import { level } from '../panel/panel.js';
import { facts } from '../calls/room.js';
import * as sound from './output.js';
import { draw, stage } from '../panel/renderer.js';

/** Best in a gesture: without one a browser may hold the sound back. */
export function start() {
  sound.start({ level, speaking: spoke, state: audible });
  sound.deafen(kept.deaf);
  sound.route(kept.output);
}

export const wake = sound.wake;

export function stop() {
  sound.stop();
  stage.speaks.clear();
  clear('sound');
  level(0);
}

export function heard(id, stream) {
  sound.add(id, stream);
  adjust(id);
}

export function silent(id) {
  sound.remove(id);
  stage.speaks.delete(id);
}

/** Changes {volume} or {hushed} of a person. */
export function set(id, changes) {
  setVolume(id, changes);
  adjust(id);
}

export function adjustAll() {
  for (const { person_id: id } of facts.peers) adjust(id);
}

function adjust(id) {
  const peer = facts.peers.find((one) => one.person_id === id);
  const share = kept.falls && peer ? falloff(peer.distance) : 1;
  sound.adjust(id, { ...volumeOf(id), share });
}

export function deafen(deaf) {
  keep({ deaf });
  sound.deafen(deaf);
  draw();
}

export function play(output) {
  keep({ output });
  sound.route(output);
}

/** Says where sound is held back, with the press that lets it through. */
export function audible(now = sound.audible()) {
  if (now || !['joining', 'in'].includes(stage.phase)) clear('sound');
  else notice('sound', { title: 'Your browser holds the sound back.', words: '', ways: [{ label: 'Turn sound on', run: wake }] });
}

/** What a locked screen or a headset shows and can press: {hangup(), togglemicrophone()}, or nothing. */
export function media(actions) {
  const session = navigator.mediaSession;
  if (!session) return;
  session.playbackState = actions ? 'playing' : 'none';
  session.metadata = actions ? new MediaMetadata({ title: 'Voice', artist: 'NearTalk' }) : null;
  for (const name of ['hangup', 'togglemicrophone']) {
    try {
      session.setActionHandler(name, actions?.[name] ?? null);
    } catch {
      continue; // not every browser knows both
    }
  }
}

function spoke(id, now) {
  if (now) stage.speaks.add(id);
  else stage.speaks.delete(id);
  draw();
}

for (const press of ['pointerdown', 'keydown']) {
  document.addEventListener(press, () => stage.phase === 'in' && !sound.audible() && wake());
}
