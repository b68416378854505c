// The texts of doors, of asking somebody to talk, and of a call in the menu of a person; pure.

import { gettext, gettextParts } from '../../page/gettext.js';
import { named } from '../../page/sentences.js';
import { brokenReason, duration } from './words.js';

const NAMED_MAX = 2;

/** What your door does, while you are in voice. */
export const DOOR = {
  open: gettext('Whoever near you also has an open door, or asks you, is connected at once.'),
  ask: gettext('Nobody new hears you until one of you asks and the other lets them in.'),
  locked: gettext('Calls go on. Nobody may ask you, and you ask nobody.'),
};
const UNMET = {
  absent: (person) => gettextParts('{person} is not in voice near you now.', { person }),
  gone: (person) => gettextParts('{person} does not ask to talk any more.', { person }),
  locked: (person) => gettextParts('{person} cannot be asked now: one of you talks with nobody new.', { person }),
  declined: (person) => gettextParts('{person} cannot be asked for a while.', { person }),
};

/** Your door was turned too often. */
export function refusedDoor(seconds) {
  return gettext('Your door is as it was. You can change it again in {time}.', { time: duration(seconds) });
}

/** Whose door is open before you join: people. */
export function openNow(people) {
  // Translators: whose door is open now.
  return people.length ? gettextParts('Now: {people}.', { people: named(people, NAMED_MAX) }) : [];
}

/** Whom you are about to ask, before you join. */
export function wishLine({ name, tag }) {
  return gettextParts('{person} is asked to talk with you once you are in.', { person: [{ name }, ` ${tag}`] });
}

/** That somebody you wanted to ask, or to let in, cannot be: absent, gone, locked or declined. */
export function unmetWish(outcome, { name, tag }) {
  return UNMET[outcome]([{ name }, ` ${tag}`]);
}

/** The state of a call in the menu of a person (a tile of view-model.js). */
export function sheetLine({ name, state, inRoom, direct, muted, broken, words }) {
  const person = { name };
  if (broken) return brokenReason(person, broken);
  if (state !== 'live' || inRoom) return words;
  if (!muted) return direct ? gettext('You hear each other, directly.') : gettext('You hear each other.');
  if (direct) return gettextParts('You hear each other, directly. {person}’s microphone is muted.', { person });
  return gettextParts('You hear each other. {person}’s microphone is muted.', { person });
}

/** What ends a call or a wait for one, and what that leaves. */
export function endWords({ name, state }) {
  const person = { name };
  if (state === 'waiting') return [gettextParts('Leave the line for {person}', { person }), gettext('they are asked no more')];
  // Translators: a button that ends a call.
  return [gettextParts('End with {person}', { person }), gettext('the others stay')];
}

/** What a button to ask somebody says, and its name: 'talk' at once, or 'ask'. */
export function askWords(asking) {
  return asking === 'talk' ? gettext('Talk') : gettext('Ask to talk');
}

/** The names of the controls of somebody, for those who listen; `name` is what they are called. */
export function controlNames(name, asking) {
  return {
    accept: gettext('Let in {name}', { name }),
    decline: gettext('Not now, {name}', { name }),
    knock: asking === 'talk' ? gettext('Talk with {name}', { name }) : gettext('Ask {name} to talk', { name }),
    cancel: gettext('Cancel asking {name}', { name }),
    anyway: gettext('Hear them here anyway, {name}', { name }),
    person: gettext('More about {name}', { name }),
  };
}
