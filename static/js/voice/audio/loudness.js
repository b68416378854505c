// Loudness arithmetic: levels of samples, and gains from volumes and distance labels; pure.

import { isFurther, metresOf } from '../panel/distance.js';

const FLOOR_DB = -54;
const FULL_DB = -14;
const SPEAKING_DB = -44;
const HANG_MS = 500;
const HALF_M = 500;
const FURTHER_M = 2000; // for whoever is further away, which is all that is told of them

export const WAVES = 5;

/** Decibels below full scale of samples in [-1, 1]. */
export function decibels(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return 10 * Math.log10(sum / samples.length + 1e-10);
}

/** How many of the five waves are lit. */
export function waves(db) {
  const share = (db - FLOOR_DB) / (FULL_DB - FLOOR_DB);
  return Math.max(0, Math.min(WAVES, Math.ceil(share * WAVES)));
}

/** Detects speech: {last, speaks}, last in ms; speaks stays true for 500 ms, to bridge the pauses between words. */
export function speaking(db, lastMs, nowMs) {
  const last = db > SPEAKING_DB ? nowMs : lastMs;
  return { last, speaks: nowMs - last < HANG_MS };
}

/** The share of the volume that is left at a distance label: half at 500 m. */
export function falloff(label) {
  return HALF_M / (HALF_M + (metresOf(label) ?? (isFurther(label) ? FURTHER_M : 0)));
}

/** Gain of a slider from 0 to 150; squared, since an ear hears ratios. */
export function gain(volume) {
  return (volume / 100) ** 2;
}
