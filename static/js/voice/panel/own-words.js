// The texts of what is yours in voice: your microphone, and which way your voice goes; pure.

import { gettext, pgettext } from '../../page/gettext.js';
import { STRAIGHT, noRelay } from './notice-words.js';

// Each for your microphone alone, and with the sound of all others off.
const MICROPHONE_LINES = {
  asking: [gettext('Asking for the microphone'), gettext('Asking for the microphone. Others are silent.')],
  none: [gettext('No microphone'), gettext('No microphone. Others are silent.')],
  held: [gettext('Your device holds the microphone back'), gettext('Your device holds the microphone back. Others are silent.')],
  muted: [gettext('You are muted'), gettext('You are muted. Others are silent.')],
  on: [gettext('Your microphone is on'), gettext('Your microphone is on. Others are silent.')],
};

/** Your microphone before you join. */
export function checkLine(state) {
  if (state === 'ready') return gettext('Say something. Nobody hears it yet.');
  return MICROPHONE_LINES[state === 'asking' ? 'asking' : 'none'][0];
}

/** Your microphone in a sentence. */
export function microphoneLine({ state, muted, held }, deaf) {
  const ready = muted ? 'muted' : held ? 'held' : 'on';
  const found = { asking: 'asking', ready }[state] ?? 'none';
  return MICROPHONE_LINES[found][Number(Boolean(deaf))];
}

/** Your microphone in a word, at your place. */
export function ownWord({ state, muted }) {
  if (state !== 'ready') return gettext('No microphone');
  return muted ? gettext('Muted') : pgettext('microphone', 'On');
}

/** Which way your voice goes, with your address hidden or not. `relay`: none, up or down. */
export function wayLine(hidden, relay) {
  if (relay === 'none') return `${noRelay.title} ${STRAIGHT}`;
  if (!hidden) return STRAIGHT;
  if (relay === 'down') return gettext('Our relay does not answer just now, so calls may not come about. The people you talk with cannot see your address.');
  return gettext('Your voice goes through our relay. The people you talk with cannot see your address.');
}
