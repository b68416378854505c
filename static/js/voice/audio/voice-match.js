// Whether somebody's voice reached one's own microphone before it came through the network, for two of the last four seconds in
// which they spoke. Pure. Work for each value is that of 39 lags and, to know what repeats, of 50 more; memory has an end.

import { EnvelopeHistory } from './envelope.js';
import { LagSums } from './lag-sums.js';

// Lags in values of 20 ms. The air comes first: their stream lags one's own microphone by up to 600 ms. Where it is ahead of it by
// a little, it is the echo of one's own loudspeaker.
const ECHO = 8;
const AIR = 30;
const LAGS = ECHO + 1 + AIR;
// What is like itself a fifth of a second to 1.2 s before, a ringing phone or a machine, is found everywhere.
const REPEAT_MIN = 9;
const REPEATS = 50;
const REPEATED = 0.55;

const BLOCK = 12; // values in which they spoke
const WINDOW = 4; // blocks that are compared: a second
const WHOLE = 2 ** WINDOW - 1;
const BLOCKS = 16; // four seconds
const NEEDED = 8; // two seconds
const ALIKE = 0.55; // correlation of a second
const ALIKE_OVER_ALL = 0.52; // and of all four
const SURER = 0.0125; // more for each block that is not there yet: by chance, less is alike sooner
const LOUDER = 16; // times the power: a voice that is louder in one's own microphone is one's own, and theirs its echo

export const OWN_LENGTH = LAGS;

export class VoiceMatch {
  constructor(octaves) {
    this.theirs = new EnvelopeHistory(octaves, ECHO + REPEAT_MIN + REPEATS);
    this.blocks = Array.from({ length: BLOCKS }, () => ({ lags: new LagSums(LAGS), repeats: new LagSums(REPEATS), values: 0 }));
    this.turn = 0;
    this.alike = new Uint16Array(LAGS); // by lag, a bit a block: whether a second with it was alike
    this.holds = false;
  }

  /** Adds a value of theirs, of the moment of the newest one in one's own history, which has OWN_LENGTH values. */
  add(envelope, own) {
    this.theirs.add(envelope);
    if (!this.theirs.speech[this.theirs.index(ECHO)]) return;
    const block = this.blocks[this.turn];
    block.lags.add(this.theirs, ECHO, own, 0);
    block.repeats.add(this.theirs, ECHO, this.theirs, ECHO + REPEAT_MIN);
    block.values += 1;
    if (block.values === BLOCK) this.endBlock();
  }

  endBlock() {
    const lately = this.sum('lags', WINDOW);
    for (let lag = 0; lag < LAGS; lag += 1) this.alike[lag] = (this.alike[lag] << 1) | (this.isAlike(lately, lag) ? WHOLE : 0);
    this.holds = this.isHeard();
    this.turn = (this.turn + 1) % BLOCKS;
    const next = this.blocks[this.turn];
    next.lags.clear();
    next.repeats.clear();
    next.values = 0;
  }

  isAlike(sums, lag) {
    const whole = sums.count === WINDOW * BLOCK * this.theirs.octaves;
    return whole && sums.correlation(lag) >= ALIKE && sums.powers[lag] <= LOUDER * sums.power;
  }

  isHeard() {
    const lags = this.sum('lags', BLOCKS);
    const air = lags.best(ECHO, LAGS);
    const missing = BLOCKS - lags.count / (BLOCK * this.theirs.octaves);
    if (air.correlation < ALIKE_OVER_ALL + SURER * missing || air.correlation < lags.best(0, ECHO).correlation) return false;
    if (this.sum('repeats', BLOCKS).best(0, REPEATS).correlation >= REPEATED) return false;
    const near = this.alike[air.lag - 1] | this.alike[air.lag] | (this.alike[air.lag + 1] ?? 0); // ways drift
    return bits(near) >= NEEDED;
  }

  // The sums of the last blocks, this one included.
  sum(kind, count) {
    const sums = new LagSums(kind === 'lags' ? LAGS : REPEATS);
    for (let back = 0; back < count; back += 1) sums.addSums(this.blocks[(this.turn - back + BLOCKS) % BLOCKS][kind]);
    return sums;
  }
}

function bits(mask) {
  let count = 0;
  for (let rest = mask; rest; rest &= rest - 1) count += 1;
  return count;
}
