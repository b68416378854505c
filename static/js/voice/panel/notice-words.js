// The texts of the notices of voice, {title, words}, and of what can be done about them; pure.

import { gettext } from '../../page/gettext.js';

const MICROPHONE = {
  denied: {
    title: gettext('No microphone yet.'),
    words: gettext('Allow it in the site settings, left of the address. You can listen meanwhile.'),
  },
  unasked: { title: gettext('No microphone yet.'), words: gettext('Allow it when your browser asks. You can listen meanwhile.') },
  missing: { title: gettext('No microphone found.'), words: gettext('Plug one in and try again. You can listen meanwhile.') },
  busy: {
    title: gettext('The microphone is busy.'),
    words: gettext('Another app may hold it. Close that one and try again. You can listen meanwhile.'),
  },
  lost: { title: gettext('Your microphone is gone.'), words: gettext('Plug it in again or choose another one. You can listen meanwhile.') },
  insecure: {
    title: gettext('This address is not secure.'),
    words: gettext('Browsers share a microphone over https only. You can listen meanwhile.'),
  },
};
const SOUND = {
  blocked: { title: gettext('Your browser holds the sound back.'), words: gettext('You hear nobody until it is on.') },
  interrupted: {
    title: gettext('Your device has taken the sound away.'),
    words: gettext('A phone call or another app has it. You hear nobody until it is back.'),
  },
};
const LATER = gettext('Join again whenever you like.');
const OVER = {
  elsewhere: { title: gettext('Voice goes on in another tab.'), words: gettext('It can be in one at a time.') },
  4401: { title: gettext('Your visit ended.'), words: LATER },
  4403: { title: gettext('This page came from another address.'), words: gettext('Open NearTalk itself.') },
  4409: { title: gettext('NearTalk does not know your place.'), words: gettext('Join again as soon as it does.') },
  4411: { title: gettext('You are banned.'), words: gettext('The chat says why, and until when.') },
  4410: { title: gettext('You left.'), words: LATER },
};

/** Your voice goes straight to whom you talk with. */
export const STRAIGHT = gettext('Your voice goes straight to them. They can see your address, and from it your provider and often your town.');
export const noRelay = { title: gettext('This server has no relay.'), words: STRAIGHT };

export const howl = {
  title: gettext('Your phones hear each other: the sound is off for a moment.'),
  words: gettext('It was about to howl. Turn one down, or use headphones.'),
};

export const TURN_ON = gettext('Turn sound on');
export const GO_DIRECT = gettext('Talk directly');
export const CANCEL = gettext('Cancel');
export const TRY_AGAIN = gettext('Try again');

/** Why voice is over, as {title, words}: a close code or 'elsewhere'. */
export function overNotice(why) {
  return OVER[why] ?? { title: gettext('Voice ended.'), words: LATER };
}

/** The microphone's error as {title, words}; null for a state without one. */
export function microphoneNotice(state) {
  return MICROPHONE[state] ?? null;
}

/** Why there is no sound, as {title, words}; null for a state in which there is. */
export function soundNotice(state) {
  return SOUND[state] ?? null;
}
