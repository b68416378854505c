// Audio output: each person through a gain of their own into one player, and what is measured of them and of you.

import { HowlGuard } from './howl-guard.js';
import * as meters from './level-meters.js';
import { gain } from './loudness.js';
import * as levels from './octave-levels.js';

const TICK_MS = 100; // by a timer: a page that is not seen draws no frames
const GLIDE_S = 0.03; // a gain that jumps clicks

let context = null;
let master = null;
let guard = null;
let player = null;
let deviceId = '';
let timer = 0;
let callbacks = {};
const silences = { deaf: false, howl: false };
const people = new Map(); // id: {source, volume, element}

/**
 * Starts; handlers is {onLevel(waves), onSpeaking(id, speaks), onValues(powers), onHowl(), onSound(state)}. Call it in a gesture:
 * without one, browsers block playback.
 */
export function start(handlers) {
  callbacks = handlers;
  if (!context) createGraph();
  levels.start(context, (powers) => callbacks.onValues(powers));
  clearInterval(timer);
  timer = setInterval(measure, TICK_MS);
  resume();
}

export function stop() {
  clearInterval(timer);
  timer = 0;
  measureTrack(null);
  for (const id of [...people.keys()]) removeStream(id);
  player?.pause();
  context?.suspend();
}

/** Resumes playback where the browser blocked or paused it; does nothing while it is stopped. */
export function resume() {
  if (!timer || soundState() === 'on') return;
  context.resume().catch(reportSound);
  player.play().catch(reportSound);
}

/** on, blocked (the browser waits for a gesture) or interrupted (the device gave the sound away, as to a phone call). */
export function soundState() {
  if (context?.state === 'interrupted') return 'interrupted'; // Safari alone has this state
  return context?.state === 'running' && !player.paused ? 'on' : 'blocked';
}

function reportSound() {
  callbacks.onSound(soundState());
}

// One <audio> element plays everything: it goes on in the background, can use a chosen device, and on iOS gains work.
function createGraph() {
  context = new AudioContext({ latencyHint: 'interactive' });
  const end = context.createMediaStreamDestination();
  master = context.createGain();
  guard = new HowlGuard(context);
  guard.input.connect(master).connect(end);
  player = new Audio();
  player.srcObject = end.stream;
  player.onplaying = reportSound;
  player.onpause = onSoundChange; // a headset's button, or one that was pulled out
  context.onstatechange = onSoundChange;
  if (navigator.audioSession) navigator.audioSession.type = 'play-and-record';
  setDevice(deviceId);
}

function onSoundChange() {
  reportSound();
  resume();
}

export function addStream(id, stream) {
  removeStream(id);
  // Chromium lets a remote stream flow into a graph only while an element has it too.
  const element = new Audio();
  element.muted = true;
  element.srcObject = stream;
  element.play().catch(() => {});
  const source = context.createMediaStreamSource(stream);
  const volume = context.createGain();
  volume.gain.value = 0;
  source.connect(volume).connect(guard.input);
  meters.add(id, context, source);
  levels.add(id, source);
  people.set(id, { source, volume, element });
}

export function removeStream(id) {
  const one = people.get(id);
  if (!one) return;
  levels.remove(id);
  meters.remove(id);
  one.source.disconnect();
  one.volume.disconnect();
  one.element.srcObject = null;
  people.delete(id);
}

/** Sets volume (0 to 150) times the share that distance leaves of it; `silent` is silence for now. */
export function setVolume(id, { volume, silent, share }) {
  const one = people.get(id);
  if (one) glideTo(one.volume, silent ? 0 : gain(volume) * share);
}

/** Silences everybody, or no more: `deaf` since one wants that, `howl` since it howls. */
export function setSilences(changes) {
  Object.assign(silences, changes);
  guard?.clear();
  if (master) glideTo(master, silences.deaf || silences.howl ? 0 : 1);
}

/** Has `play(context, output)` add a short sound to what you hear, if anything is. */
export function playOnce(play) {
  if (timer) play(context, master);
}

export const canChooseDevice = 'setSinkId' in HTMLMediaElement.prototype;

/** Plays on a device; on the default one if it is gone. */
export async function setDevice(id) {
  deviceId = id;
  if (player && canChooseDevice) await player.setSinkId(id).catch(() => player.setSinkId(''));
}

/** Sets the microphone track whose level is measured; null for none. */
export function measureTrack(track) {
  if (meters.setMicrophone(context, track) && context) levels.setMicrophone(context, track);
}

function glideTo(node, value) {
  node.gain.setTargetAtTime(value, context.currentTime, GLIDE_S);
}

function measure() {
  meters.measure(callbacks);
  if (!silences.deaf && !silences.howl && guard.howls()) callbacks.onHowl();
}
