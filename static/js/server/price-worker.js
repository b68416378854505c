// A worker: finds the answer of a challenge (ALTCHA, version 2, PBKDF2/SHA-256), counter by counter. Browsers derive keys
// natively and beside the worker, several at once.

// Only on secure pages: price.js asks before.
const subtle = globalThis.crypto?.subtle;
const AT_ONCE = Math.min(4, navigator.hardwareConcurrency || 1);

onmessage = async ({ data }) => {
  try {
    postMessage(await solve(data));
  } catch {
    postMessage(null); // whoever waits is told that it cannot be done here
  }
};

/** Resolves to {counter, derivedKey}; null if no counter up to 2^32 is the answer. */
async function solve({ nonce, salt, keyPrefix, cost, keyLength }) {
  const derive = deriver(bytes(nonce), bytes(salt), cost, keyLength);
  const prefix = bytes(keyPrefix);
  for (let first = 0; first < 2 ** 32; first += AT_ONCE) {
    const counters = Array.from({ length: AT_ONCE }, (_, turn) => first + turn);
    const keys = await Promise.all(counters.map(derive));
    const found = keys.findIndex((key) => prefix.every((byte, at) => key[at] === byte));
    if (found >= 0) return { counter: first + found, derivedKey: hex(keys[found]) };
  }
  return null;
}

// The password is the nonce, and after it the counter in four bytes.
function deriver(nonce, salt, iterations, length) {
  const derivation = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations };
  return async (counter) => {
    const password = new Uint8Array(nonce.length + 4);
    password.set(nonce);
    new DataView(password.buffer).setUint32(nonce.length, counter);
    const key = await subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits']);
    return new Uint8Array(await subtle.deriveBits(derivation, key, 8 * length));
  };
}

function bytes(text) {
  return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
}

function hex(key) {
  return Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
