// The volume of each person: what you set, less what distance takes, and none in one room; applied to the audio output. And who
// is speaking.

import { isolated } from '../../page/sentences.js';
import { save, saved, setVolume, volumeOf } from '../session-state.js';
import { falloff } from './loudness.js';
import { clearNotice, showNotice } from '../panel/notices.js';
import { announce, renderLevel } from '../panel/panel.js';
import { TURN_ON, soundNotice } from '../panel/notice-words.js';
import { roomAnnouncement } from '../panel/words.js';
import { facts } from '../calls/facts.js';
import * as howlPause from './howl-pause.js';
import * as oneRoom from './one-room.js';
import * as output from './output.js';
import { display, scheduleRender } from '../panel/renderer.js';

/** Starts playback. Call it in a gesture: without one, a browser may block it. */
export function startPlayback() {
  output.start({ onLevel: renderLevel, onSpeaking, onValues: oneRoom.applyValues, onHowl: howlPause.begin, onSound: showSound });
  output.setSilences({ deaf: saved.deaf });
  output.setDevice(saved.output);
}

export const resume = output.resume;

export function stopPlayback() {
  output.stop();
  howlPause.clear();
  oneRoom.clear();
  for (const each of [display.speaks, display.inRoom, display.twice]) each.clear();
  renderLevel(0);
}

export function addPerson(id, stream) {
  output.addStream(id, stream);
  applyTo(id);
}

export function removePerson(id) {
  output.removeStream(id);
  oneRoom.remove(id);
  for (const each of [display.speaks, display.inRoom, display.twice]) each.delete(id);
}

/** Changes {volume}, {hushed} or {anyway}: heard although they are in your room. */
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
  const { volume, hushed } = volumeOf(id);
  const room = oneRoom.roomOf(id);
  display.inRoom[room === 'silent' ? 'add' : 'delete'](id);
  display.twice[room === 'twice' ? 'add' : 'delete'](id);
  output.setVolume(id, { volume, silent: hushed || room === 'silent', share });
}

export function setDeaf(deaf) {
  save({ deaf });
  output.setSilences({ deaf });
  scheduleRender();
}

export function setOutput(id) {
  save({ output: id });
  output.setDevice(id);
}

/** Shows a notice while there is no sound (output.js has the states), with the button that resumes it. */
export function showSound(state = output.soundState()) {
  const wrong = ['joining', 'in'].includes(display.phase) ? soundNotice(state) : null;
  if (wrong) showNotice('sound', { ...wrong, actions: [{ label: TURN_ON, run: resume }] });
  else clearNotice('sound');
  display.silent = Boolean(wrong);
  scheduleRender();
}

function onSpeaking(id, speaks) {
  if (speaks) display.speaks.add(id);
  else display.speaks.delete(id);
  scheduleRender();
}

oneRoom.onChange((id) => {
  const before = display.inRoom.has(id);
  applyTo(id);
  const peer = facts.peers.find((one) => one.person_id === id);
  const now = display.inRoom.has(id);
  if (peer && now !== before) announce(roomAnnouncement(isolated(peer.username), now));
  scheduleRender();
});

// Which of these counts as a gesture, and says that a phone call is over, differs from browser to browser.
for (const press of ['pointerdown', 'pointerup', 'touchend', 'click', 'keydown', 'visibilitychange']) document.addEventListener(press, resume);
for (const back of ['focus', 'pageshow']) window.addEventListener(back, resume);
