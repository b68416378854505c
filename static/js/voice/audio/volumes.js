// The volume of each person: what you set, less what distance takes, applied to the audio output; and who is speaking.

import { save, saved, setVolume, volumeOf } from '../session-state.js';
import { falloff } from './loudness.js';
import { clearNotice, showNotice } from '../panel/notices.js';
import { renderLevel } from '../panel/panel.js';
import { facts } from '../calls/facts.js';
import * as output from './output.js';
import { display, scheduleRender } from '../panel/renderer.js';

/** Starts playback. Call it in a gesture: without one, a browser may block it. */
export function startPlayback() {
  output.start({ onLevel: renderLevel, onSpeaking, onAudible: updateAudible });
  output.setDeaf(saved.deaf);
  output.setDevice(saved.output);
}

export const resume = output.resume;

export function stopPlayback() {
  output.stop();
  display.speaks.clear();
  clearNotice('sound');
  renderLevel(0);
}

export function addPerson(id, stream) {
  output.addStream(id, stream);
  applyTo(id);
}

export function removePerson(id) {
  output.removeStream(id);
  display.speaks.delete(id);
}

/** Changes {volume} or {hushed} of a person. */
export function setForPerson(id, changes) {
  setVolume(id, changes);
  applyTo(id);
}

export function applyAll() {
  for (const { person_id: id } of facts.peers) applyTo(id);
}

function applyTo(id) {
  const peer = facts.peers.find((one) => one.person_id === id);
  const share = saved.falls && peer ? falloff(peer.distance) : 1;
  output.setVolume(id, { ...volumeOf(id), share });
}

export function setDeaf(deaf) {
  save({ deaf });
  output.setDeaf(deaf);
  scheduleRender();
}

export function setOutput(id) {
  save({ output: id });
  output.setDevice(id);
}

/** Shows a notice while the browser blocks playback, with the button that resumes it. */
export function updateAudible(now = output.isAudible()) {
  if (now || !['joining', 'in'].includes(display.phase)) clearNotice('sound');
  else showNotice('sound', { title: 'Your browser holds the sound back.', words: '', actions: [{ label: 'Turn sound on', run: resume }] });
}

function onSpeaking(id, speaks) {
  if (speaks) display.speaks.add(id);
  else display.speaks.delete(id);
  scheduleRender();
}

for (const press of ['pointerdown', 'keydown']) {
  document.addEventListener(press, () => display.phase === 'in' && !output.isAudible() && resume());
}
