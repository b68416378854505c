// Audio output: each person through a gain of their own into one player, and a level meter for each of them and for you.

import { decibels, gain, speaking, waves } from './loudness.js';

const TICK_MS = 100; // by a timer: a page that is not seen draws no frames
const GLIDE_S = 0.03; // a gain that jumps clicks
const WINDOW = 2048;

let context = null;
let master = null;
let player = null;
let deviceId = '';
let measured = null; // {track, source, analyser}
let timer = 0;
let callbacks = {};
const people = new Map(); // id: {source, analyser, volume, element, last, speaks}

/**
 * Starts; handlers is {onLevel(waves), onSpeaking(id, speaks), onSound(state)}. Call it in a gesture: without one, browsers
 * block playback.
 */
export function start(handlers) {
  callbacks = handlers;
  if (!context) createGraph();
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
  master.connect(end);
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
  const analyser = context.createAnalyser();
  analyser.fftSize = WINDOW;
  const volume = context.createGain();
  volume.gain.value = 0;
  source.connect(analyser);
  source.connect(volume).connect(master);
  people.set(id, { source, analyser, volume, element, last: 0, speaks: false });
}

export function removeStream(id) {
  const one = people.get(id);
  if (!one) return;
  one.source.disconnect();
  one.volume.disconnect();
  one.element.srcObject = null;
  people.delete(id);
}

/** Sets volume (0 to 150) times the share that distance leaves of it; `hushed` is silence for now. */
export function setVolume(id, { volume, hushed, share }) {
  const one = people.get(id);
  if (one) glideTo(one.volume, hushed ? 0 : gain(volume) * share);
}

export function setDeaf(deaf) {
  if (master) glideTo(master, deaf ? 0 : 1);
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
  if (measured?.track === track) return;
  measured?.source.disconnect();
  measured = null;
  if (!track || !context) return;
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = WINDOW;
  source.connect(analyser);
  measured = { track, source, analyser };
}

function glideTo(node, value) {
  node.gain.setTargetAtTime(value, context.currentTime, GLIDE_S);
}

function measure() {
  callbacks.onLevel(measured ? waves(level(measured)) : 0);
  for (const [id, one] of people) {
    const { last, speaks } = speaking(level(one), one.last, performance.now());
    one.last = last;
    if (speaks !== one.speaks) callbacks.onSpeaking(id, speaks);
    one.speaks = speaks;
  }
}

const samples = new Float32Array(WINDOW);

function level({ analyser }) {
  analyser.getFloatTimeDomainData(samples);
  return decibels(samples);
}
