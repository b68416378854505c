// The texts of doors, of asking somebody to talk, and of a call in the menu of a person; pure.

import { named } from '../../page/sentences.js';
import { duration } from './words.js';

const NAMED_MAX = 2;

/** What your door does, while you are in voice. */
export const DOOR = {
  open: 'Whoever near you also has an open door, or asks you, is connected at once.',
  ask: 'Nobody new hears you until one of you asks and the other lets them in.',
  locked: 'Calls go on. Nobody may ask you, and you ask nobody.',
};
const UNMET = {
  absent: 'is not in voice near you now.',
  locked: 'cannot be asked now: one of you talks with nobody new.',
  declined: 'cannot be asked for a while.',
};

/** Your door was turned too often. */
export function refusedDoor(seconds) {
  return `Your door is as it was. You can change it again in ${duration(seconds)}.`;
}

/** Whose door is open before you join: names. */
export function openNow(names) {
  return names.length ? `Now: ${named(names, NAMED_MAX).join('')}.` : '';
}

/** Whom you are about to ask, before you join. */
export function wishLine(called) {
  return `${called} is asked to talk with you once you are in.`;
}

/** That somebody you wanted to ask cannot be: absent, locked or declined. */
export function unmetWish(outcome, called) {
  return `${called} ${UNMET[outcome]}`;
}

/** The state of a call in the menu of a person (a tile of view-model.js). */
export function sheetLine({ name, state, inRoom, direct, muted, broken, words }) {
  if (broken) return `${name}: ${broken}`;
  if (state !== 'live' || inRoom) return words;
  return `You hear each other${direct ? ', directly' : ''}.${muted ? ` ${name}’s microphone is muted.` : ''}`;
}

/** What ends a call or a wait for one, and what that leaves. */
export function endWords({ name, state }) {
  return state === 'waiting' ? [`Leave the line for ${name}`, 'they are asked no more'] : [`End with ${name}`, 'the others stay'];
}
