// Sums of which the correlation of one stream with the past of another follows, for each lag between them. Pure.

const CHANGE_DB = 0.3; // of an octave and value on average: less is no sound of anybody

export class LagSums {
  constructor(lags) {
    this.products = new Float64Array(lags);
    this.energies = new Float64Array(lags); // of the past
    this.powers = new Float64Array(lags); // of the past
    this.clear();
  }

  clear() {
    for (const each of [this.products, this.energies, this.powers]) each.fill(0);
    this.energy = 0;
    this.power = 0;
    this.count = 0; // of octaves and values
  }

  /**
   * Adds a value, by its age in `one`, with those of `other` that are `from` old, one older, and so on. Takes octaves + 2 additions
   * a lag.
   */
  add(one, age, other, from) {
    const { octaves, changes: mine } = one;
    const { changes: theirs, energies: pastEnergies, powers: pastPowers, length } = other;
    const { products, energies, powers } = this;
    const value = one.index(age);
    this.energy += one.energies[value];
    this.power += one.powers[value];
    this.count += octaves;
    let past = other.index(from);
    for (let lag = 0; lag < products.length; lag += 1) {
      let product = 0;
      for (let octave = 0; octave < octaves; octave += 1) product += mine[value * octaves + octave] * theirs[past * octaves + octave];
      products[lag] += product;
      energies[lag] += pastEnergies[past];
      powers[lag] += pastPowers[past];
      past = past + 1 === length ? 0 : past + 1;
    }
  }

  addSums(sums) {
    for (let lag = 0; lag < this.products.length; lag += 1) {
      this.products[lag] += sums.products[lag];
      this.energies[lag] += sums.energies[lag];
      this.powers[lag] += sums.powers[lag];
    }
    this.energy += sums.energy;
    this.power += sums.power;
    this.count += sums.count;
  }

  /** From -1 to 1; 0 where either hardly changes. */
  correlation(lag) {
    const least = this.count * CHANGE_DB ** 2;
    if (this.energy < least || this.energies[lag] < least) return 0;
    return this.products[lag] / Math.sqrt(this.energy * this.energies[lag]);
  }

  /** The largest correlation of the lags from one to another: {lag, correlation}. */
  best(from, to) {
    let found = { lag: from, correlation: -1 };
    for (let lag = from; lag < to; lag += 1) {
      const correlation = this.correlation(lag);
      if (correlation > found.correlation) found = { lag, correlation };
    }
    return found;
  }
}
