// Voices, rooms and networks for tests of who is in one room, all of a seed: talk that is no talk but has its shape, syllables of
// noise and of a pitch in formants, words and phrases; a room's echo and noise; a way through the network.
(() => {
  const RATE = 24_000;
  const QUANTUM = 128;
  const OCTAVES = 4;

  /** A number from 0 to 1 each time (mulberry32). */
  function chanceOf(seed) {
    let state = (seed * 0x9e3779b9) >>> 0;
    return () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  const between = (chance, low, high) => low + chance() * (high - low);

  /** Resonates at a frequency that can change. */
  function resonator() {
    let [one, two, a, b, gain] = [0, 0, 0, 0, 0];
    return {
      tune(hz, width) {
        const radius = Math.exp((-Math.PI * width) / RATE);
        a = 2 * radius * Math.cos((2 * Math.PI * hz) / RATE);
        b = -radius * radius;
        gain = 1 - radius;
      },
      pass(sample) {
        const out = gain * sample + a * one + b * two;
        two = one;
        one = out;
        return out;
      },
    };
  }

  /** Talk of a seed: phrases of words of syllables, with pauses, as loud as -20 dB on average while it is loud. */
  function voice(seed, seconds) {
    const chance = chanceOf(seed);
    const sound = new Float32Array(seconds * RATE);
    const pitch = between(chance, 95, 230);
    const pace = between(chance, 0.85, 1.2);
    const formants = [resonator(), resonator(), resonator(), resonator()];
    let phase = 0;
    let at = 0;
    let words = Math.ceil(between(chance, 1, 6));
    while (at < sound.length) {
      let syllables = Math.ceil(chance() * 3.2);
      while (syllables > 0 && at < sound.length) {
        at = syllable(at);
        syllables -= 1;
      }
      words -= 1;
      at += Math.round(RATE * (words > 0 ? between(chance, 0, 0.09) : between(chance, 0.2, 0.55)));
      if (words <= 0) words = Math.ceil(between(chance, 1, 7));
    }
    return scaled(sound, 0.1);

    function syllable(from) {
      const hiss = chance() < 0.55 ? RATE * between(chance, 0.03, 0.11) * pace : 0;
      const vowel = RATE * between(chance, 0.06, 0.22) * pace;
      const hissHz = between(chance, 2200, 6000);
      const loud = 10 ** (between(chance, -9, 3) / 20);
      const [hz, glide] = [pitch * between(chance, 0.85, 1.25), between(chance, -0.15, 0.15)];
      [[250, 850], [850, 2300], [2300, 3200]].forEach(([low, high], turn) => formants[turn].tune(between(chance, low, high), 60 + 40 * turn));
      formants[3].tune(hissHz, 1500);
      const end = Math.min(sound.length, Math.round(from + hiss + vowel));
      for (let turn = from; turn < end; turn += 1) {
        const inHiss = turn - from < hiss;
        const share = inHiss ? (turn - from) / hiss : (turn - from - hiss) / vowel;
        const shape = Math.min(1, share * 6, (1 - share) * 3);
        const noise = chance() * 2 - 1;
        phase = (phase + (hz * (1 + glide * share)) / RATE) % 1;
        const buzz = inHiss ? 0 : 1 - 2 * phase + 0.03 * noise;
        const vowels = formants[0].pass(buzz) + 0.6 * formants[1].pass(buzz) + 0.35 * formants[2].pass(buzz);
        sound[turn] = loud * shape * (vowels + (inHiss ? 0.5 : 0.02) * formants[3].pass(noise));
      }
      return end;
    }
  }

  /** So loud that what is no pause has this power's root. */
  function scaled(sound, wanted) {
    let [sum, count] = [0, 0];
    let loudest = 0;
    for (const sample of sound) loudest = Math.max(loudest, Math.abs(sample));
    for (const sample of sound) {
      if (Math.abs(sample) < loudest / 100) continue;
      sum += sample * sample;
      count += 1;
    }
    const gain = wanted / Math.sqrt(sum / count);
    return sound.map((sample) => sample * gain);
  }

  /** What a microphone across a room hears: the way there and the walls, by combs and all-passes (Schroeder). */
  function inRoom(sound, chance) {
    const seconds = between(chance, 0.25, 0.55); // until the echo is 60 dB down
    const combs = [0.0297, 0.0371, 0.0411, 0.0437].map((delay) => {
      const length = Math.round(RATE * delay * between(chance, 0.9, 1.1));
      return { line: new Float32Array(length), at: 0, back: 10 ** ((-3 * length) / RATE / seconds) };
    });
    const passes = [0.005, 0.0017].map((delay) => ({ line: new Float32Array(Math.round(RATE * delay)), at: 0 }));
    const way = Math.round(RATE * between(chance, 0.003, 0.012));
    const echoes = between(chance, 0.15, 0.4);
    return sound.map((_, turn) => {
      const direct = turn < way ? 0 : sound[turn - way];
      let echo = 0;
      for (const comb of combs) {
        const out = comb.line[comb.at];
        comb.line[comb.at] = direct + comb.back * out;
        comb.at = (comb.at + 1) % comb.line.length;
        echo += out / 4;
      }
      for (const pass of passes) {
        const out = pass.line[pass.at];
        const into = echo + 0.5 * out;
        pass.line[pass.at] = into;
        pass.at = (pass.at + 1) % pass.line.length;
        echo = out - 0.5 * into;
      }
      return direct + echoes * echo;
    });
  }

  /** The sum of sounds: [[sound, gain in dB, seconds later]], round and round, with noise of a level in dB. */
  function mix(seconds, parts, noiseDb, chance) {
    const sum = new Float32Array(Math.round(seconds * RATE));
    const noise = 10 ** (noiseDb / 20) * Math.sqrt(3);
    let hum = 0;
    for (let turn = 0; turn < sum.length; turn += 1) {
      hum = 0.7 * hum + 0.7 * (chance() * 2 - 1);
      sum[turn] = noise * hum;
    }
    for (const [sound, db, later] of parts) addTo(sum, sound, 10 ** (db / 20), sound.length - (Math.round(later * RATE) % sound.length));
    return sum;
  }

  // Piece by piece, without a question for each sample.
  function addTo(sum, sound, gain, start) {
    let from = start % sound.length;
    for (let at = 0; at < sum.length; from = 0) {
      const end = Math.min(sum.length, at + sound.length - from);
      const ahead = from - at;
      for (; at < end; at += 1) sum[at] += gain * sound[at + ahead];
    }
  }

  /** The powers of a sound as the page's worklet measures them: value by value, octave by octave. */
  function powersOf(sound, { addPowers, measures }) {
    const { quanta, above } = measures(RATE, QUANTUM);
    const length = quanta * QUANTUM;
    const powers = new Float32Array(Math.floor(sound.length / length) * OCTAVES);
    const samples = new Float32Array(QUANTUM);
    for (let quantum = 0; quantum < (powers.length / OCTAVES) * quanta; quantum += 1) {
      samples.set(sound.subarray(quantum * QUANTUM, (quantum + 1) * QUANTUM));
      addPowers(samples, above, powers, Math.floor(quantum / quanta) * OCTAVES);
    }
    return powers.map((sum) => sum / length);
  }

  /** What discontinuous transmission leaves of powers: nothing where it is quiet for longer than a moment. */
  function transmitted(powers) {
    const sent = powers.slice();
    let quiet = 0;
    for (let at = 0; at < sent.length; at += OCTAVES) {
      const power = sent[at] + sent[at + 1] + sent[at + 2] + sent[at + 3];
      quiet = power < 10 ** -6 ? quiet + 1 : 0;
      if (quiet > 8) sent.fill(1e-9, at, at + OCTAVES);
    }
    return sent;
  }

  const POOL = 12;
  const POOL_S = 24;

  /** Voices, each as it is sent and as a microphone across a room hears it. */
  function poolOf(seed) {
    const chance = chanceOf(seed);
    return Array.from({ length: POOL }, (_, turn) => {
      const sound = voice(1000 * seed + turn, POOL_S);
      return { sound, heard: inRoom(sound, chance) };
    });
  }

  /** Several of a list, no one twice. */
  function choose(list, count, chance) {
    const left = [...list];
    return Array.from({ length: count }, () => left.splice(Math.floor(chance() * left.length), 1)[0]);
  }

  /** A stream from somewhere else: as loud as may be, later, and nothing where it is silent. */
  function streamOf(sound, seconds, later, chance, worklet) {
    const sum = mix(seconds, [[sound, between(chance, -8, 6), later]], between(chance, -75, -60), chance);
    return transmitted(powersOf(sum, worklet));
  }

  /** The powers of sounds at once: [[powers, gain in dB, values later]], round and round, above noise of a level in dB an octave. */
  function mixPowers(values, parts, noiseDb) {
    const sum = new Float32Array(values * OCTAVES).fill(10 ** (noiseDb / 10));
    for (const [powers, db, later] of parts) {
      const gain = 10 ** (db / 10);
      let from = powers.length - ((Math.round(later) * OCTAVES) % powers.length);
      for (let turn = 0; turn < sum.length; turn += 1) {
        if (from >= powers.length) from -= powers.length;
        sum[turn] += gain * powers[from];
        from += 1;
      }
    }
    return sum;
  }

  /** Leads powers of one's own microphone and of streams through a detector: calls back with the time after each batch. */
  function lead(room, own, streams, startMs, callback) {
    const ids = streams.map((_, turn) => `person ${turn}`);
    const values = own.length / OCTAVES;
    const powers = new Float32Array(OCTAVES * (1 + ids.length));
    for (let value = 0; value < values; value += 1) {
      [own, ...streams].forEach((stream, turn) => powers.set(stream.subarray(value * OCTAVES, (value + 1) * OCTAVES), turn * OCTAVES));
      room.add(powers, 0, ids);
      if (value % 12 === 11) callback(startMs + value * VALUE_MS, room.changes(startMs + value * VALUE_MS));
    }
    return startMs + values * VALUE_MS;
  }

  const VALUE_MS = (1000 * 4 * QUANTUM) / RATE;

  /**
   * A voice; the same 20 dB quieter with a room's echo and noise in one's own microphone; and another voice at the same time, there
   * (10 dB quieter than theirs) and in a stream of its own. After 12 s they go elsewhere, and talk on: by powers alone, which costs
   * less than sounds. For both of them: [second, same] of each change.
   */
  function mixture(seed, { SameRoom, worklet, pool, powers }) {
    const chance = chanceOf(seed);
    const [ana, bo, cem] = choose(pool, 3, chance);
    const [start, way, noiseDb] = [between(chance, 0, 20), between(chance, 0.06, 0.55), between(chance, -60, -50)];
    const near = mix(12, [[ana.heard, -20, start], [bo.heard, -30, between(chance, 0, 20)]], noiseDb, chance);
    const stream = streamOf(ana.sound, 12, start + way, chance, worklet);
    // The other's is like no other, however it is shifted: of powers.
    const streams = [stream, transmitted(mixPowers(stream.length / OCTAVES, [[powers.get(cem.sound), between(chance, -8, 6), 140]], -70))];
    const values = Math.round(28_000 / VALUE_MS);
    const far = mixPowers(values, [[powers.get(bo.heard), -30, 300]], noiseDb - 6);
    const others = [[ana, 100], [cem, 500]].map(([one, later]) => transmitted(mixPowers(values, [[powers.get(one.sound), 0, later]], -75)));
    const room = new SameRoom(OCTAVES);
    const found = [[], []];
    const note = (ms, changes) => {
      for (const [id, same] of changes) found[id.at(-1)].push([ms / 1000, same]);
    };
    lead(room, far, others, lead(room, powersOf(near, worklet), streams, 0, note), note);
    return found;
  }

  /**
   * A minute of talk with three people who are elsewhere: one's own voice in turns, what one's own loudspeaker leaves of theirs,
   * and what theirs leave of one's own voice in their streams. The changes: [id, same].
   */
  function minute(seed, { SameRoom, pool, powers }) {
    const chance = chanceOf(seed);
    const values = Math.round(60_000 / VALUE_MS);
    const [me, ...others] = choose(pool, 4, chance).map(({ sound }) => [powers.get(sound), Math.floor(chance() * values)]);
    const left = others.map(([each, at]) => [each, between(chance, -45, -25), at + between(chance, 2, 10)]);
    const own = mixPowers(values, [[me[0], between(chance, -6, 6), me[1]], ...left], between(chance, -75, -60));
    const quiet = between(chance, 0, 0.7); // of one's own turns
    for (let from = 0; from < own.length; from += 200 * OCTAVES) if (chance() < quiet) own.fill(1e-7, from, from + 200 * OCTAVES);
    const streams = others.map(([each, at]) => {
      const back = [me[0], between(chance, -50, -30), me[1] + between(chance, 5, 30)];
      return transmitted(mixPowers(values, [[each, between(chance, -6, 6), at], back], -75));
    });
    const found = [];
    lead(new SameRoom(OCTAVES), own, streams, 0, (ms, changes) => found.push(...changes));
    return found;
  }

  window.rooms = { OCTAVES, VALUE_MS, chanceOf, inRoom, lead, minute, mix, mixPowers, mixture, poolOf, powersOf, voice };
})();
