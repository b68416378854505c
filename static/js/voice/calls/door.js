// Your door: who may come in. What you choose goes to the server once you have stopped choosing, and with each join.

import { facts } from './facts.js';
import * as signaling from './signaling.js';

const SETTLE_MS = 250; // arrows go through the choices one by one; the server counts frames

/** Names the frames of the door, so that a refusal of one is known. */
export const DOOR_REF = 'voice-door';

let timer = 0;

/** Chooses a door: 'open', 'ask' or 'locked'. */
export function setDoor(door) {
  clearTimeout(timer);
  facts.requestedDoor = door;
  if (!facts.joined) return; // the join will say it
  facts.doorPending = true;
  timer = setTimeout(sendDoor, SETTLE_MS);
}

/** Sends what was chosen, unless the server has confirmed it. Once joined again: that choice may be later than the join. */
export function sendDoor() {
  clearTimeout(timer);
  timer = 0;
  if (!facts.doorPending || !facts.joined) return;
  const door = facts.requestedDoor;
  signaling.send({ type: 'voice.door', open: door === 'open', locked: door === 'locked', ref: DOOR_REF });
}

/** The server refused it: the door is as it was, unless you have chosen again meanwhile. */
export function restoreDoor() {
  if (timer) return;
  Object.assign(facts, { requestedDoor: facts.door, doorPending: false });
}

/** Voice is left. */
export function forgetDoor() {
  clearTimeout(timer);
  timer = 0;
}
