// What you hear: everybody through a gain of their own into one output, and how loud each of them and you are.

import { decibels, gain, speaking, waves } from './loudness.js';

const TICK_MS = 100; // by a timer: a page that is not seen draws no frames
const GLIDE_S = 0.03; // a gain that jumps clicks
const WINDOW = 2048;

let context = null;
let master = null;
let player = null;
let output = '';
let own = null; // {track, source, analyser}
let timer = 0;
let hear = {};
const people = new Map(); // id: {source, analyser, gain, element, last, speaks}

/** Begins; hear is {level(waves), speaking(id, speaks), state(audible)}. Best in a gesture: browsers hold sound back without one. */
export function start(listener) {
  hear = listener;
  if (!context) build();
  clearInterval(timer);
  timer = setInterval(measure, TICK_MS);
  wake();
}

export function stop() {
  clearInterval(timer);
  timer = 0;
  listen(null);
  for (const id of [...people.keys()]) remove(id);
  player?.pause();
  context?.suspend();
}

/** Turns sound on where the browser held it back or took it away. */
export function wake() {
  context?.resume().catch(() => {});
  player?.play().catch(() => {});
}

export function audible() {
  return context?.state === 'running';
}

/** One <audio> plays it all: it goes on in the background, on a chosen device, and iOS lets a gain be heard. */
function build() {
  context = new AudioContext({ latencyHint: 'interactive' });
  const end = context.createMediaStreamDestination();
  master = context.createGain();
  master.connect(end);
  player = new Audio();
  player.srcObject = end.stream;
  player.onpause = () => timer && wake(); // a headset's button, or one that was pulled out
  context.onstatechange = () => hear.state(audible());
  if (navigator.audioSession) navigator.audioSession.type = 'play-and-record';
  route(output);
}

export function add(id, stream) {
  remove(id);
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

export function remove(id) {
  const one = people.get(id);
  if (!one) return;
  one.source.disconnect();
  one.volume.disconnect();
  one.element.srcObject = null;
  people.delete(id);
}

/** Volume 0 to 150 and the share that distance leaves of it; hushed is 0 for now. */
export function adjust(id, { volume, hushed, share }) {
  const one = people.get(id);
  if (one) glide(one.volume, hushed ? 0 : gain(volume) * share);
}

export function deafen(deaf) {
  if (master) glide(master, deaf ? 0 : 1);
}

export const routable = 'setSinkId' in HTMLMediaElement.prototype;

/** Plays on a device; on the default one if that is gone. */
export async function route(id) {
  output = id;
  if (player && routable) await player.setSinkId(id).catch(() => player.setSinkId(''));
}

/** Measures a microphone's track, or none. */
export function listen(track) {
  if (own?.track === track) return;
  own?.source.disconnect();
  own = null;
  if (!track || !context) return;
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = WINDOW;
  source.connect(analyser);
  own = { track, source, analyser };
}

function glide(node, value) {
  node.gain.setTargetAtTime(value, context.currentTime, GLIDE_S);
}

function measure() {
  hear.level(own ? waves(level(own)) : 0);
  for (const [id, one] of people) {
    const { last, speaks } = speaking(level(one), one.last, performance.now());
    one.last = last;
    if (speaks !== one.speaks) hear.speaking(id, speaks);
    one.speaks = speaks;
  }
}

const samples = new Float32Array(WINDOW);

function level({ analyser }) {
  analyser.getFloatTimeDomainData(samples);
  return decibels(samples);
}
