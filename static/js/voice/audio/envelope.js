// The loudness of one stream, comparable with that of another whatever their gain and their noise: by octaves, in decibels, without
// what changes slowly. Pure.

const SILENCE = 10 ** -7.5; // powers below it are all as quiet
const NOISE_RISES = 1.012; // a value, about 2.4 dB a second: each pause sets it back
const ABOVE_NOISE = 4; // the least power of noise is less than its mean
const PEAK_FALLS = 0.99; // a value, about 2 dB a second
const SETTLES = 0.25; // a value: what changes more slowly than about twice a second is left out
const STEP_DB = 12; // a larger step is a door that slams, or a gain that jumps
const SPEECH = 10 ** -5.3;
const SPEECH_ABOVE_NOISE = 8;
const HANG = 10; // values of speech after the last loud one: words have dips

export class Envelope {
  /** depth: the share of its peaks below which a stream counts as silent: an echo in the pauses of a voice is not that voice. */
  constructor(octaves, depth) {
    this.depth = depth;
    this.before = new Float64Array(octaves);
    this.peak = new Float64Array(octaves);
    this.noise = new Float64Array(octaves).fill(Infinity);
    this.slow = new Float64Array(octaves).fill(NaN);
    this.changes = new Float64Array(octaves); // dB
    this.quiet = Infinity; // the noise of all octaves
    this.loudest = 0; // the peak of all
    this.power = 0; // of all octaves
    this.hang = 0;
  }

  /** Adds a value: the powers that begin at an index of a list, one an octave. */
  add(powers, at = 0) {
    let total = 0;
    for (let octave = 0; octave < this.changes.length; octave += 1) {
      const power = (this.before[octave] + powers[at + octave]) / 2; // two streams begin their values at different moments
      this.before[octave] = powers[at + octave];
      this.noise[octave] = noiseAfter(this.noise[octave], power);
      this.peak[octave] = Math.max(power, this.peak[octave] * PEAK_FALLS);
      const floor = Math.max(ABOVE_NOISE * this.noise[octave], this.depth * this.peak[octave]);
      this.changes[octave] = this.change(octave, 10 * Math.log10(power + floor));
      total += power;
    }
    this.quiet = noiseAfter(this.quiet, total);
    this.power = total;
    this.loudest = Math.max(total, this.loudest * PEAK_FALLS);
    if (total > Math.max(SPEECH, SPEECH_ABOVE_NOISE * this.quiet, this.depth * this.loudest)) this.hang = HANG;
    else if (this.hang) this.hang -= 1;
  }

  get speaks() {
    return this.hang > 0;
  }

  change(octave, db) {
    const slow = Number.isNaN(this.slow[octave]) ? db : this.slow[octave];
    this.slow[octave] = slow + SETTLES * (db - slow);
    return Math.max(-STEP_DB, Math.min(STEP_DB, db - slow));
  }
}

/** The last values of an envelope, by their age: 0 is the newest. */
export class EnvelopeHistory {
  constructor(octaves, length) {
    this.octaves = octaves;
    this.length = length;
    this.changes = new Float64Array(length * octaves);
    this.energies = new Float64Array(length);
    this.powers = new Float64Array(length);
    this.speech = new Uint8Array(length);
    this.newest = 0;
  }

  add(envelope) {
    this.newest = (this.newest || this.length) - 1;
    this.changes.set(envelope.changes, this.newest * this.octaves);
    this.energies[this.newest] = envelope.changes.reduce((sum, change) => sum + change * change, 0);
    this.powers[this.newest] = envelope.power;
    this.speech[this.newest] = Number(envelope.speaks);
  }

  index(age) {
    const index = this.newest + age;
    return index < this.length ? index : index - this.length;
  }
}

function noiseAfter(noise, power) {
  return Math.max(SILENCE, Math.min(power, noise * NOISE_RISES));
}
