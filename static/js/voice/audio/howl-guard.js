// Listens to what is played, and says so when it howls: a spectrum each time it is asked.

import { HowlDetector } from './howl.js';

const WINDOW = 2048;

export class HowlGuard {
  constructor(context) {
    this.input = context.createAnalyser(); // sound passes it as it is
    Object.assign(this.input, { fftSize: WINDOW, smoothingTimeConstant: 0 });
    this.detector = new HowlDetector();
    this.spectrum = new Float32Array(this.input.frequencyBinCount);
  }

  howls() {
    this.input.getFloatFrequencyData(this.spectrum);
    return this.detector.add(this.spectrum);
  }

  clear() {
    this.detector.clear();
  }
}
