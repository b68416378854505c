// Level meters: of your microphone, and of each person, by which one sees who is speaking.

import { decibels, speaking, waves } from './loudness.js';

const WINDOW = 2048;

let microphone = null; // {track, source, analyser}
const people = new Map(); // id: {analyser, last, speaks}
const samples = new Float32Array(WINDOW);

export function add(id, context, source) {
  people.set(id, { analyser: createAnalyser(context, source), last: 0, speaks: false });
}

export function remove(id) {
  people.delete(id);
}

/** Sets the microphone track that is measured, or null; returns whether it is another one. */
export function setMicrophone(context, track) {
  if (microphone?.track === track) return false;
  microphone?.source.disconnect();
  microphone = null;
  if (!track || !context) return true;
  const source = context.createMediaStreamSource(new MediaStream([track]));
  microphone = { track, source, analyser: createAnalyser(context, source) };
  return true;
}

/** Measures all: calls onLevel(waves), and onSpeaking(id, speaks) of whom that changed. */
export function measure({ onLevel, onSpeaking }) {
  onLevel(microphone ? waves(level(microphone.analyser)) : 0);
  for (const [id, one] of people) {
    const { last, speaks } = speaking(level(one.analyser), one.last, performance.now());
    one.last = last;
    if (speaks !== one.speaks) onSpeaking(id, speaks);
    one.speaks = speaks;
  }
}

function createAnalyser(context, source) {
  const analyser = context.createAnalyser();
  analyser.fftSize = WINDOW;
  source.connect(analyser);
  return analyser;
}

function level(analyser) {
  analyser.getFloatTimeDomainData(samples);
  return decibels(samples);
}
