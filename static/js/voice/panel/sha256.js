// SHA-256 (FIPS 180-4) of a short text, at once: the browser's own answers later, and only on secure pages.

const PRIMES = [2];
for (let n = 3; PRIMES.length < 64; n += 2) if (PRIMES.every((prime) => n % prime)) PRIMES.push(n);
const fraction = (root) => (root * 2 ** 32) | 0;
const ROUND = PRIMES.map((prime) => fraction(Math.cbrt(prime)));
const START = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

/** The digest as 32 bytes. */
export function sha256(text) {
  const words = padded(new TextEncoder().encode(text));
  let hash = START;
  for (let at = 0; at < words.length; at += 16) hash = mix(hash, words.slice(at, at + 16));
  const digest = new DataView(new ArrayBuffer(32));
  hash.forEach((word, turn) => digest.setInt32(turn * 4, word));
  return new Uint8Array(digest.buffer);
}

function padded(bytes) {
  const view = new DataView(new ArrayBuffer(Math.ceil((bytes.length + 9) / 64) * 64));
  bytes.forEach((byte, at) => view.setUint8(at, byte));
  view.setUint8(bytes.length, 0x80);
  view.setUint32(view.byteLength - 4, bytes.length * 8);
  return Array.from({ length: view.byteLength / 4 }, (_, turn) => view.getInt32(turn * 4));
}

function turned(word, bits) {
  return (word >>> bits) | (word << (32 - bits));
}

function mix(hash, words) {
  let [a, b, c, d, e, f, g, h] = hash;
  for (let turn = 0; turn < 64; turn += 1) {
    if (turn >= 16) words.push(next(words, turn));
    const high = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
    const one = (h + high + ((e & f) ^ (~e & g)) + ROUND[turn] + words[turn]) | 0;
    const low = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
    const two = (low + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  return [a, b, c, d, e, f, g, h].map((word, turn) => (word + hash[turn]) | 0);
}

function next(words, turn) {
  const [near, far] = [words[turn - 2], words[turn - 15]];
  const low = turned(far, 7) ^ turned(far, 18) ^ (far >>> 3);
  const high = turned(near, 17) ^ turned(near, 19) ^ (near >>> 10);
  return (words[turn - 16] + low + words[turn - 7] + high) | 0;
}
