// Who is in the same room: whose voice one's own microphone hears through the air. Pure; loudness comes by values of 20 ms.

import { Envelope, EnvelopeHistory } from './envelope.js';
import { OWN_LENGTH, VoiceMatch } from './voice-match.js';

const UNDONE_MS = 20_000;
const OWN_DEPTH = 10 ** -4; // a voice across the room is far below one's own
const DEPTH = 10 ** -2.2;

export class SameRoom {
  /** octaves: how many powers a value of a stream has. */
  constructor(octaves) {
    this.octaves = octaves;
    this.own = new Envelope(octaves, OWN_DEPTH);
    this.ownHistory = new EnvelopeHistory(octaves, OWN_LENGTH);
    this.people = new Map(); // id: {envelope, match, same, heldMs}
  }

  remove(id) {
    this.people.delete(id);
  }

  /**
   * Adds a value of every stream: `powers`, from an index on, are those of one's own microphone and of each of `ids` (null:
   * nobody). A microphone that is not there has powers of 0.
   */
  add(powers, at, ids) {
    this.own.add(powers, at);
    this.ownHistory.add(this.own);
    ids.forEach((id, turn) => {
      if (id === null) return;
      const { envelope, match } = this.person(id);
      envelope.add(powers, at + (turn + 1) * this.octaves);
      match.add(envelope, this.ownHistory);
    });
  }

  /**
   * Who has come into the room, and who is in it no more: [[id, same]]. While somebody is silent nothing is known, so what was
   * last heard of them holds; 20 s after it holds no more they are in another room.
   */
  changes(nowMs) {
    return [...this.people].filter(([, person]) => changed(person, nowMs)).map(([id, { same }]) => [id, same]);
  }

  person(id) {
    let person = this.people.get(id);
    if (!person) {
      person = { envelope: new Envelope(this.octaves, DEPTH), match: new VoiceMatch(this.octaves), same: false, heldMs: 0 };
      this.people.set(id, person);
    }
    return person;
  }
}

function changed(person, nowMs) {
  const before = person.same;
  if (person.match.holds) person.heldMs = nowMs;
  person.same = person.match.holds || (before && nowMs - person.heldMs < UNDONE_MS);
  return person.same !== before;
}
