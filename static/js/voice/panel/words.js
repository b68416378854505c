// The texts of voice; pure. A sentence about people is a list of strings and people, which the panel renders one by one.

import { gettext, gettextParts, ngettext, ngettextParts, pgettext } from '../../page/gettext.js';
import { isolated, joined, named } from '../../page/sentences.js';
import { formatMinutes } from '../../page/units.js';
import { distanceIn, distanceLine } from './distance.js';

const ENDED = {
  left: pgettext('somebody went away', 'Left'),
  apart: gettext('Moved too far away'),
  gone: gettext('Lost the connection'),
  declined: gettext('Ended the call'),
  session: gettext('Their visit ended'),
};
const WENT = {
  left: (name) => gettext('{name} left', { name }),
  apart: (name) => gettext('{name} moved too far away', { name }),
  gone: (name) => gettext('{name} lost the connection', { name }),
  declined: (name) => gettext('{name} ended the call', { name }),
  session: (name) => gettext('{name} ended their visit', { name }),
};
const FAILED = {
  away: gettext('Away for the moment. The call goes on once they are back.'),
  browser: gettext('Your browser makes no calls. A setting or an extension may forbid them.'),
  relay: gettext('Our relay does not answer. Trying again.'),
  unreached: gettext('Our relay cannot be reached from your network. Another one may help.'),
  unhidden: gettext('This server has no relay to hide your address.'),
  closed: gettext('Your network lets no call out. Another one may help.'),
  silent: gettext('They do not answer. Trying again.'),
  theirs: gettext('Their network lets no call through. Trying again.'),
  direct: gettext('No direct way leads there, and this server has no relay. Another network may help.'),
  path: gettext('Can’t connect. Trying again.'),
};
const UNCONNECTED = ['connecting', 'reconnecting', 'failed'];
const NAMED_MAX = 2; // where there is little room
// Translators: {distance} begins the line: "~300 m" or "Right around you".
const NEAR = {
  open: (distance) => gettext('{distance}, open door', { distance }),
  locked: (distance) => gettext('{distance}. Not now: talks with nobody new.', { distance }),
};
const KEPT = {
  accept: gettext('They are let in as soon as voice is back.'),
  knock: gettext('They are asked as soon as voice is back.'),
};
export const REASONS_MAX = 3;
export const JOINING = gettext('Joining voice');

/** Who hears you. `speaks`: on, muted or none. */
export function audience(hearing, unheard, speaks) {
  if (!hearing.length) return [gettext('Nobody hears you yet.')];
  const people = joined(hearing);
  if (speaks === 'none') return gettextParts('You hear {people}. Nobody hears you without a microphone.', { people });
  if (!unheard.length) return speaks === 'muted' ? gettextParts('Heard by {people} once you unmute.', { people }) : gettextParts('Heard by {people}.', { people });
  const others = named(unheard, REASONS_MAX);
  if (speaks === 'muted') return gettextParts('Heard by {people} once you unmute; not {others}.', { people, others });
  return gettextParts('Heard by {people}; not {others}.', { people, others });
}

/** Why somebody who talks with people who hear you does not hear you. */
export function reason(one, why, through) {
  const about = { person: one, people: joined(through) };
  if (why === 'apart') return gettextParts('{person} talks with {people}, but {person}’s circle and yours do not meet.', about);
  if (why === 'waiting') return gettextParts('{person} talks with {people}, but is still in line for a place with you.', about);
  return gettextParts('{person} talks with {people}, but you and {person} have not let each other in.', about);
}

/** That nobody hears you, because all are full: {sentence, reasons}. */
export function inLine(waiting) {
  const ahead = Math.min(...waiting.map((one) => one.ahead));
  const sentence = [ahead ? ngettext('{count} person is before you.', '{count} people are before you.', ahead) : gettext('You are next.')];
  const full = ngettextParts(
    '{people} has no place free. You are let in as soon as one is.',
    '{people} have no place free. You are let in as soon as one is.',
    waiting.length,
    { people: named(waiting, NAMED_MAX) },
  );
  return { sentence, reasons: [full] };
}

/** The line under a name. `kept`: what you did about them while voice was lost. */
export function tileLine(state, { name, distance, direct, speaks, inRoom, muted, ahead, limit, seconds, end, why, door, kept }) {
  if (kept in KEPT) return KEPT[kept];
  const far = distanceLine(distance);
  if (state === 'near') return door in NEAR ? NEAR[door](far) : far;
  if (state === 'knocked') return gettext('You asked to talk');
  if (state === 'knocks') return gettext('You hear each other once you let them in.');
  if (state === 'declined') return gettext('Not now. You can ask again in {time}.', { time: duration(seconds) });
  if (state === 'waiting') return waitingLine(ahead, limit);
  if (why === 'away' && UNCONNECTED.includes(state)) return gettext('Away');
  if (state === 'connecting') return gettext('Connecting');
  if (state === 'reconnecting' || state === 'failed') return gettext('Trying again');
  if (state === 'ended') return ENDED[end] ?? gettext('Call ended');
  if (muted) return gettext('Muted');
  if (inRoom) return gettextParts('You are in one room with {person}: their voice comes through the air.', { person: { name } });
  if (speaks) return gettext('Speaking');
  return direct ? gettext('{distance}, direct', { distance: far }) : far;
}

// Two sentences: each has a number of its own.
function waitingLine(ahead, limit) {
  const line = ahead ? ngettext('{count} before you in line.', '{count} before you in line.', ahead) : gettext('Next in line.');
  return `${line} ${ngettext('The only place is taken.', 'All {count} places are taken.', limit)}`;
}

/** Why a call carries no sound, after a name and a colon; '' where it does, or where it only begins. */
export function brokenLine(state, { why }) {
  if (why === 'away' && UNCONNECTED.includes(state)) return FAILED.away;
  if (state === 'reconnecting') return gettext('Lost the connection. Trying again.');
  return state === 'failed' ? FAILED[why] : '';
}

/** Such a line about somebody. */
export function brokenReason(person, words) {
  // Translators: {words} are one or two whole sentences about this person.
  return gettextParts('{person}: {words}', { person, words });
}

/** What somebody wants who asks. */
export function asks(person, distance) {
  return gettextParts('{person} wants to talk, {distance}', { person, distance: distanceIn(distance) });
}

/** A person where there are no elements: in a title, or in the name of a control. */
export function called({ name, tag }) {
  return `${isolated(name)} ${tag}`;
}

/** A sentence about people as such a text. */
export function spoken(sentence) {
  return sentence.map((part) => (typeof part === 'string' ? part : called(part))).join('');
}

/** How many more ask than are shown. */
export function moreAsk(count) {
  return ngettext('{count} more wants to talk', '{count} more want to talk', count);
}

/** Formats seconds: "8 s", "2 min". */
export function duration(seconds) {
  if (seconds > 60) return formatMinutes(Math.ceil(seconds / 60));
  // Translators: s is the unit of seconds.
  return gettext('{seconds} s', { seconds: Math.max(1, Math.ceil(seconds)) });
}

/** The announcement of a change to screen readers; '' where there is none. */
export function announcement(name, before, state, end) {
  if (before === state) return '';
  if (state === 'connecting') return gettext('Connecting with {name}', { name });
  if (state === 'live') return before === 'reconnecting' || before === 'failed' ? gettext('{name} is back', { name }) : gettext('Connected with {name}', { name });
  if (state === 'reconnecting') return gettext('Lost the connection with {name}, trying again', { name });
  if (state === 'failed') return gettext('No connection with {name} yet', { name });
  if (state === 'knocked') return gettext('You asked {name} to talk', { name });
  if (state === 'waiting') return gettext('{name} is in line for a free place', { name });
  if (state === 'declined') return before === 'knocked' && end !== 'declined-by-me' ? gettext('{name} said not now', { name }) : '';
  if (state === 'ended') return WENT[end]?.(name) ?? gettext('{name} is gone', { name });
  return '';
}

/** The announcement that somebody came into your room, or is in it no more. */
export function roomAnnouncement(name, inRoom) {
  if (!inRoom) return gettext('You hear {name} here again', { name });
  return gettext('You are in one room with {name}: their voice comes through the air', { name });
}

/** Announcements that are made together, as one text. */
export function together(sentences) {
  // Translators: two announcements that a screen reader makes, one after the other.
  return sentences.reduce((before, next) => gettext('{before}. {next}', { before, next }));
}

/** The line under the tiles, about those who have none. */
export function remainder(shown, further) {
  if (further > 0) return ngettext('And {count} more, further away.', 'And {count} more, further away.', further);
  return shown ? '' : gettext('Nobody else near is in voice yet. Whoever joins appears here.');
}

/** The line above the composer. */
export function barLine(talking, silent = false) {
  if (silent) return [gettext('There is no sound. Tap to turn it on')];
  if (!talking.length) return [gettext('In voice, with nobody yet')];
  const people = named(talking, NAMED_MAX);
  return talking.every(({ inRoom }) => inRoom) ? gettextParts('In one room with {people}', { people }) : gettextParts('In voice with {people}', { people });
}
