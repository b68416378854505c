// A signal to you alone that somebody asks: two short tones, as loud as people are and silent with them, and a buzz.

import { now } from '../../server/clock.js';
import { playOnce } from './output.js';

const TONES = [{ hertz: 660, at: 0 }, { hertz: 880, at: 0.15 }];
const TONE_S = 0.18;
const ATTACK_S = 0.02;
const LOUDNESS = 0.1;
const BUZZ_MS = [80, 60, 80];
const REST_MS = 3000; // however many ask at once

let last = -Infinity;

export function signal() {
  if (now() - last < REST_MS) return;
  last = now();
  playOnce((context, output) => TONES.forEach(({ hertz, at }) => addTone(context, output, hertz, context.currentTime + at)));
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(BUZZ_MS);
}

function addTone(context, output, hertz, start) {
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = hertz;
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(LOUDNESS, start + ATTACK_S);
  volume.gain.linearRampToValueAtTime(0, start + TONE_S);
  tone.connect(volume).connect(output);
  tone.start(start);
  tone.stop(start + TONE_S);
}
