// Who is in one room with you: their voice comes through the air, and is silent here unless you want it twice.

import { volumeOf } from '../session-state.js';
import { OCTAVES, personIds } from './octave-levels.js';
import { SameRoom } from './same-room.js';

let room = new SameRoom(OCTAVES);
const same = new Set(); // ids
let listener = () => {};

/** Calls back with the id of whoever came into your room or is in it no more. */
export function onChange(callback) {
  listener = callback;
}

/** Applies powers as octave-levels.js has them. */
export function applyValues(powers) {
  const ids = personIds();
  const width = OCTAVES * (1 + ids.length);
  for (let at = 0; at < powers.length; at += width) room.add(powers, at, ids);
  for (const [id, is] of room.changes(performance.now())) {
    if (is) same.add(id);
    else same.delete(id);
    listener(id);
  }
}

/** Whether somebody is in your room: 'silent' here for that, 'twice' heard since you want them anyway, or '' elsewhere. */
export function roomOf(id) {
  if (!same.has(id)) return '';
  return volumeOf(id).anyway ? 'twice' : 'silent';
}

export function remove(id) {
  room.remove(id);
  same.delete(id);
}

export function clear() {
  room = new SameRoom(OCTAVES);
  same.clear();
}
