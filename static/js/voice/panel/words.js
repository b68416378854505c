// The texts of voice; pure. A sentence about people is a list of strings and people, which the panel renders one by one.

import { joined, named } from '../../page/sentences.js';

const MICROPHONE = {
  denied: { title: 'No microphone yet.', words: 'Allow it in the site settings, left of the address. You can listen meanwhile.' },
  unasked: { title: 'No microphone yet.', words: 'Allow it when your browser asks. You can listen meanwhile.' },
  missing: { title: 'No microphone found.', words: 'Plug one in and try again. You can listen meanwhile.' },
  busy: { title: 'The microphone is busy.', words: 'Another app may hold it. Close that one and try again. You can listen meanwhile.' },
  lost: { title: 'Your microphone is gone.', words: 'Plug it in again or choose another one. You can listen meanwhile.' },
  insecure: { title: 'This address is not secure.', words: 'Browsers share a microphone over https only. You can listen meanwhile.' },
};
const ENDED = {
  left: 'Left',
  apart: 'Moved out of your reach',
  gone: 'Lost the connection',
  declined: 'Ended the call',
  session: 'Their visit ended',
};
const WENT = {
  left: 'left',
  apart: 'moved out of your reach',
  gone: 'lost the connection',
  declined: 'ended the call',
  session: 'ended their visit',
};
const FAILED = {
  away: 'Away for the moment. The call goes on once they are back.',
  browser: 'Your browser makes no calls. A setting or an extension may forbid them.',
  relay: 'Our relay does not answer. Trying again.',
  unreached: 'Our relay cannot be reached from your network. Another one may help.',
  unhidden: 'This server has no relay to hide your address.',
  closed: 'Your network lets no call out. Another one may help.',
  silent: 'They do not answer. Trying again.',
  theirs: 'Their network lets no call through. Trying again.',
  direct: 'No direct way leads there, and this server has no relay. Another network may help.',
  path: 'Can’t connect. Trying again.',
};
const UNCONNECTED = ['connecting', 'reconnecting', 'failed'];
const NAMED_MAX = 2; // where there is little room
const NEAR = { open: ', open door', locked: '. Not now: talks with nobody new.' };
export const REASONS_MAX = 3;
const STRAIGHT = 'Your voice goes straight to them. They can see your address, and from it your provider and often your town.';
export const noRelay = { title: 'This server has no relay.', words: STRAIGHT };

export const howl = {
  title: 'Your phones hear each other: the sound is off for a moment.',
  words: 'It was about to howl. Turn one down, or use headphones.',
};

const SOUND = {
  blocked: { title: 'Your browser holds the sound back.', words: 'You hear nobody until it is on.' },
  interrupted: { title: 'Your device has taken the sound away.', words: 'A phone call or another app has it. You hear nobody until it is back.' },
};

const OVER = {
  elsewhere: { title: 'Voice goes on in another tab.', words: 'It can be in one at a time.' },
  4401: { title: 'Your visit ended.', words: 'Join again whenever you like.' },
  4403: { title: 'This page came from another address.', words: 'Open NearTalk itself.' },
  4409: { title: 'NearTalk does not know your place.', words: 'Join again as soon as it does.' },
  4411: { title: 'You are banned.', words: 'The chat says why, and until when.' },
  4410: { title: 'You left.', words: 'Join again whenever you like.' },
};

/** Why voice is over, as {title, words}: a close code or 'elsewhere'. */
export function overNotice(why) {
  return OVER[why] ?? { title: 'Voice ended.', words: 'Join again whenever you like.' };
}

/** The microphone's error as {title, words}; null for a state without one. */
export function microphoneNotice(state) {
  return MICROPHONE[state] ?? null;
}

/** Why there is no sound, as {title, words}; null for a state in which there is. */
export function soundNotice(state) {
  return SOUND[state] ?? null;
}

/** Who hears you. `speaks`: on, muted or none. */
export function audience(hearing, unheard, speaks) {
  if (!hearing.length) return ['Nobody hears you yet.'];
  if (speaks === 'none') return ['You hear ', ...joined(hearing), '. Nobody hears you without a microphone.'];
  const once = speaks === 'muted' ? [' once you unmute'] : [];
  const not = unheard.length ? ['; not ', ...named(unheard, REASONS_MAX)] : [];
  return ['Heard by ', ...joined(hearing), ...once, ...not, '.'];
}

/** Why somebody who talks with people who hear you does not hear you. */
export function reason(one, why, through) {
  const start = [one, ' talks with ', ...joined(through), ', but '];
  if (why === 'apart') return [...start, one, '’s circle and yours do not meet.'];
  if (why === 'waiting') return [...start, 'is still in line for a place with you.'];
  return [...start, 'you and ', one, ' have not let each other in.'];
}

/** That nobody hears you, because all are full: {sentence, reasons}. */
export function inLine(waiting) {
  const ahead = Math.min(...waiting.map((one) => one.ahead));
  const sentence = [ahead ? `${ahead} ${ahead === 1 ? 'person is' : 'people are'} before you.` : 'You are next.'];
  const full = waiting.length === 1 ? ' has' : ' have';
  return { sentence, reasons: [[...named(waiting, NAMED_MAX), `${full} no place free. You are let in as soon as one is.`]] };
}

/** The line under a name. */
export function tileLine(state, { name, distance, direct, speaks, inRoom, muted, ahead, limit, seconds, end, why, door }) {
  const far = distance.charAt(0).toUpperCase() + distance.slice(1);
  if (state === 'near') return door in NEAR ? `${far}${NEAR[door]}` : far;
  if (state === 'knocked') return 'You asked to talk';
  if (state === 'knocks') return 'You hear each other once you let them in.';
  if (state === 'declined') return `Not now. You can ask again in ${duration(seconds)}.`;
  if (state === 'waiting') return `${ahead ? `${ahead} before you in line.` : 'Next in line.'} All ${limit} places are taken.`;
  if (why === 'away' && UNCONNECTED.includes(state)) return 'Away';
  if (state === 'connecting') return 'Connecting';
  if (state === 'reconnecting' || state === 'failed') return 'Trying again';
  if (state === 'ended') return ENDED[end] ?? 'Call ended';
  if (muted) return 'Muted';
  if (inRoom) return `You are in one room with ${name}: their voice comes through the air.`;
  if (speaks) return 'Speaking';
  return direct ? `${far}, direct` : far;
}

/** Why a call carries no sound, after a name and a colon; '' where it does, or where it only begins. */
export function brokenLine(state, { why }) {
  if (why === 'away' && UNCONNECTED.includes(state)) return FAILED.away;
  if (state === 'reconnecting') return 'Lost the connection. Trying again.';
  return state === 'failed' ? FAILED[why] : '';
}

/** What somebody wants who asks, after their name. */
export function asks(distance) {
  return `wants to talk, ${distance}`;
}

/** Which way your voice goes, with your address hidden or not. `relay`: none, up or down. */
export function wayLine(hidden, relay) {
  if (relay === 'none') return `${noRelay.title} ${STRAIGHT}`;
  if (!hidden) return STRAIGHT;
  if (relay === 'down') return 'Our relay does not answer just now, so calls may not come about. The people you talk with cannot see your address.';
  return 'Your voice goes through our relay. The people you talk with cannot see your address.';
}

/** Formats seconds: "8 s", "2 min". */
export function duration(seconds) {
  return seconds > 60 ? `${Math.ceil(seconds / 60)} min` : `${Math.max(1, Math.ceil(seconds))} s`;
}

/** The announcement of a change to screen readers; '' where there is none. */
export function announcement(called, before, state, end) {
  if (before === state) return '';
  if (state === 'connecting') return `Connecting with ${called}`;
  if (state === 'live') return before === 'reconnecting' || before === 'failed' ? `${called} is back` : `Connected with ${called}`;
  if (state === 'reconnecting') return `Lost the connection with ${called}, trying again`;
  if (state === 'failed') return `No connection with ${called} yet`;
  if (state === 'knocked') return `You asked ${called} to talk`;
  if (state === 'waiting') return `${called} is in line for a free place`;
  if (state === 'declined') return before === 'knocked' && end !== 'declined-by-me' ? `${called} said not now` : '';
  if (state === 'ended') return `${called} ${WENT[end] ?? 'is gone'}`;
  return '';
}

/** The announcement that somebody came into your room, or is in it no more. */
export function roomAnnouncement(called, inRoom) {
  return inRoom ? `You are in one room with ${called}: their voice comes through the air` : `You hear ${called} here again`;
}

/** The line under the tiles, about those who have none. */
export function remainder(shown, further) {
  if (further > 0) return `And ${further} more, further away.`;
  return shown ? '' : 'Nobody else near is in voice yet. Whoever joins appears here.';
}

/** Your microphone before you join. */
export function checkLine(state) {
  if (state === 'ready') return 'Say something. Nobody hears it yet.';
  return state === 'asking' ? 'Asking for the microphone' : 'No microphone';
}

/** Your microphone in a sentence. */
export function microphoneLine({ state, muted, held }, deaf) {
  const sound = deaf ? ' Others are silent.' : '';
  const stop = deaf ? '.' : '';
  if (state === 'asking') return `Asking for the microphone${stop}${sound}`;
  if (state !== 'ready') return `No microphone${stop}${sound}`;
  if (held && !muted) return `Your device holds the microphone back${stop}${sound}`;
  return `${muted ? 'You are muted' : 'Your microphone is on'}${stop}${sound}`;
}

/** Your microphone in a word, at your place. */
export function ownWord({ state, muted }) {
  if (state !== 'ready') return 'No microphone';
  return muted ? 'Muted' : 'On';
}

/** The line above the composer. */
export function barLine(talking, silent = false) {
  if (silent) return ['There is no sound. Tap to turn it on'];
  if (!talking.length) return ['In voice, with nobody yet'];
  return [talking.every(({ inRoom }) => inRoom) ? 'In one room with ' : 'In voice with ', ...named(talking, NAMED_MAX)];
}
