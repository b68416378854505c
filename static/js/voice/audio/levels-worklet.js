// An audio worklet: the power of each of its inputs in four octaves, about 50 values a second. It runs beside the page, so that
// values come in time also while the page is not seen; they alone leave it, four times a second.

const OCTAVES = 4;
const HIGHEST_HZ = 6000; // about the upper end of the first one
const VALUE_S = 0.02;
const BATCH = 12; // values

/** How many quanta of samples a value has, and how many octaves of a sound are above the first one. */
export function measures(rate, quantum) {
  return { quanta: Math.max(1, Math.round((rate * VALUE_S) / quantum)), above: Math.max(0, Math.round(Math.log2(rate / 2 / HIGHEST_HZ))) };
}

/**
 * Adds the power of four octaves of some samples, a power of two of them, to the sums from an index on. By the Haar transform,
 * two operations a sample: what it smears from one octave into the next, it smears alike in all inputs. `samples` is overwritten.
 */
export function addPowers(samples, above, sums, at) {
  let { length } = samples;
  for (let octave = -above; octave < OCTAVES && length > 1; octave += 1) {
    length /= 2;
    let power = 0;
    for (let turn = 0; turn < length; turn += 1) {
      const first = samples[2 * turn];
      const second = samples[2 * turn + 1];
      power += (first - second) ** 2 / 2;
      samples[turn] = (first + second) * Math.SQRT1_2;
    }
    if (octave >= 0) sums[at + octave] += power;
  }
}

class OctaveLevels extends AudioWorkletProcessor {
  constructor() {
    super();
    this.values = null; // value by value, input by input, octave by octave
    this.scratch = null;
    this.quantum = 0; // of all in a batch
  }

  process(inputs, [[output]]) {
    const { length } = output;
    const { quanta, above } = measures(sampleRate, length);
    const width = inputs.length * OCTAVES;
    this.values ??= new Float32Array(BATCH * width);
    this.scratch ??= new Float32Array(length);
    const value = Math.floor(this.quantum / quanta);
    inputs.forEach(([samples], turn) => {
      if (!samples) return; // nothing is connected
      this.scratch.set(samples);
      addPowers(this.scratch, above, this.values, value * width + turn * OCTAVES);
    });
    this.quantum += 1;
    if (this.quantum === BATCH * quanta) this.send(quanta * length);
    return true;
  }

  send(samples) {
    this.port.postMessage(this.values.map((sum) => sum / samples));
    this.values.fill(0);
    this.quantum = 0;
  }
}

registerProcessor('octave-levels', OctaveLevels);
