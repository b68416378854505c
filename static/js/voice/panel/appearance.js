// The appearance of a person: colour and tag from their person_id, as in presence/names.py, and the initial of the name.

import { initial } from '../../page/graphemes.js';
import { sha256 } from './sha256.js';

const COLOURS = 8;
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const TAG_LENGTH = 3;

const KNOWN_MAX = 1000;

const known = new Map(); // person_id: {tag, colour}, since digests take time

/** {id, name, tag, colour, initial} of a person in a frame. */
export function person({ person_id: id, username: name }) {
  if (!known.has(id)) {
    if (known.size >= KNOWN_MAX) known.delete(known.keys().next().value);
    known.set(id, { tag: tag(id), colour: colour(id) });
  }
  return { id, name, initial: initial(name), ...known.get(id) };
}

export function colour(id) {
  return Number(number('colour', id) % BigInt(COLOURS));
}

export function tag(id) {
  const base = BigInt(ALPHABET.length);
  let left = number('tag', id);
  let letters = '';
  while (letters.length < TAG_LENGTH) {
    letters += ALPHABET[Number(left % base)];
    left /= base;
  }
  return letters;
}

function number(purpose, id) {
  return sha256(`${purpose}:${id}`).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}
