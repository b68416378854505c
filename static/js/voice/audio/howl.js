// Finds a howl in what is played: a narrow tone that grows, since loudspeakers and microphones feed each other. Pure.

const LOUD_DB = -60; // of a bin
const NARROW_DB = 15; // above all that is further away than the window of a spectrum smears it
const SMEARED = 4; // bins
const DRIFT = 1; // bins from one spectrum to the next
const STEADY_DB = 2; // the way around takes up to half a second, and the tone grows once each time
const GROWN_DB = 6;
const FRAMES_MIN = 4;
const FRAMES_MAX = 30; // what has not grown by then is a tone that somebody plays
const LOW = 0.006; // of all bins, about 150 Hz: below it a room hums

export class HowlDetector {
  constructor() {
    this.clear();
  }

  clear() {
    this.frames = 0;
    this.bin = 0;
    this.firstDb = 0;
    this.lastDb = 0;
  }

  /** Adds a spectrum, ten a second, in dB by bin; returns whether it howls. Reads each bin twice. */
  add(spectrum) {
    const bin = toneOf(spectrum);
    if (bin === null) {
      this.clear();
      return false;
    }
    const db = spectrum[bin];
    const goesOn = this.frames > 0 && this.frames < FRAMES_MAX && Math.abs(bin - this.bin) <= DRIFT && db > this.lastDb - STEADY_DB;
    if (!goesOn) Object.assign(this, { frames: 0, firstDb: db });
    Object.assign(this, { frames: this.frames + 1, bin, lastDb: db });
    return this.frames >= FRAMES_MIN && db - this.firstDb >= GROWN_DB;
  }
}

/** The bin of a tone, or null: one above all others but its neighbours. A voice has overtones. */
function toneOf(spectrum) {
  const low = Math.ceil(spectrum.length * LOW);
  let loudest = low;
  for (let bin = low; bin < spectrum.length; bin += 1) if (spectrum[bin] > spectrum[loudest]) loudest = bin;
  if (!(spectrum[loudest] > LOUD_DB)) return null;
  const least = spectrum[loudest] - NARROW_DB;
  for (let bin = low; bin < spectrum.length; bin += 1) {
    if (spectrum[bin] > least && Math.abs(bin - loudest) > SMEARED) return null;
  }
  return loudest;
}
