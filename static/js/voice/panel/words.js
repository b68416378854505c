// The texts of voice; pure. A sentence about people is a list of strings and people, which the panel renders one by one.

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
  relay: 'The relay does not answer, trying again',
  path: 'No way leads to them, trying again',
};
const BAR_MAX = 2;
export const REASONS_MAX = 3;
export const noRelay = {
  title: 'The shield needs a relay, and this server has none.',
  words: 'Stay out, or talk directly: the people you talk with can then see your network address.',
};

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

/** People joined as a list: "Ana", "Ana and Bo", "Ana, Bo and Cem". */
export function joined(people) {
  return people.flatMap((one, turn) => {
    if (!turn) return [one];
    return [turn === people.length - 1 ? ' and ' : ', ', one];
  });
}

/** Who hears you. `speaks`: on, muted or none. */
export function audience(hearing, unheard, speaks) {
  if (!hearing.length) return ['Nobody hears you yet.'];
  if (speaks === 'none') return ['You hear ', ...joined(hearing), '. Nobody hears you without a microphone.'];
  const once = speaks === 'muted' ? [' once you unmute'] : [];
  const rest = unheard.length - REASONS_MAX;
  const named = rest > 0 ? [...unheard.slice(0, REASONS_MAX), `${rest} more`] : unheard;
  const not = unheard.length ? ['; not ', ...joined(named)] : [];
  return ['Heard by ', ...joined(hearing), ...once, ...not, '.'];
}

/** Why somebody who talks with people who hear you does not hear you. */
export function reason(one, why, through) {
  const start = [one, ' talks with ', ...joined(through), ', but '];
  if (why === 'apart') return [...start, one, '’s circle and yours do not meet.'];
  if (why === 'waiting') return [...start, 'is still in line for a place with you.'];
  return [...start, 'you and ', one, ' have not let each other in.'];
}

/** The line under a name. */
export function tileLine(state, { name, distance, direct, speaks, inRoom, muted, ahead, limit, seconds, end, why }) {
  const far = distance.charAt(0).toUpperCase() + distance.slice(1);
  if (state === 'near') return far;
  if (state === 'knocked') return 'You knocked';
  if (state === 'knocks') return 'You hear each other only if you say yes.';
  if (state === 'declined') return `Not now. You can knock again in ${duration(seconds)}.`;
  if (state === 'waiting') return `${ahead ? `${ahead} before you in line.` : 'Next in line.'} All ${limit} places are taken.`;
  if (state === 'connecting') return 'Connecting';
  if (state === 'reconnecting') return 'Lost the connection, trying again';
  if (state === 'failed') return FAILED[why];
  if (state === 'ended') return ENDED[end] ?? 'Call ended';
  if (muted) return 'Muted';
  if (inRoom) return `You are in one room with ${name}: their voice comes through the air.`;
  if (speaks) return 'Speaking';
  return direct ? `${far}, direct` : far;
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
  if (state === 'knocked') return `You knocked at ${called}`;
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
  const sound = deaf ? ' Sound is off.' : '';
  const stop = deaf ? '.' : '';
  if (state === 'asking') return `Asking for the microphone${stop}${sound}`;
  if (state !== 'ready') return `No microphone${stop}${sound}`;
  if (held && !muted) return `Your device holds the microphone back${stop}${sound}`;
  return `${muted ? 'You are muted' : 'Your microphone is on'}${stop}${sound}`;
}

/** The line above the composer. */
export function barLine(talking, knocking, silent = false) {
  if (knocking.length) return [...joined(knocking), knocking.length === 1 ? ' knocks' : ' knock'];
  if (silent) return ['There is no sound. Tap to turn it on'];
  if (!talking.length) return ['In voice, with nobody yet'];
  const rest = talking.length - BAR_MAX;
  const named = rest > 0 ? [...talking.slice(0, BAR_MAX), `${rest} more`] : talking;
  return [talking.every(({ inRoom }) => inRoom) ? 'In one room with ' : 'In voice with ', ...joined(named)];
}
