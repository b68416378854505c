// Who talks openly near you, in words: pure.

import { formatNumber, ngettextParts } from '../page/gettext.js';
import { joined, named } from '../page/sentences.js';

const NAMED_MAX = 3; // where there are more, the nearest two are named
const NAMED = 2;

/**
 * What stands on the button of voice and in its panel for whoever is not in voice: {count, sentence}, both empty where no door is
 * open. `doors` are the people who have one, {name, tag, colour}, the nearest first; the sentence is a list of strings and of them.
 */
export function describeDoors(doors) {
  const count = doors.length;
  if (!count) return { count: '', sentence: [] };
  const people = count > NAMED_MAX ? named(doors, NAMED) : joined(doors);
  const sentence = ngettextParts('{count} person talks openly near you: {people}.', '{count} people talk openly near you: {people}.', count, { people });
  return { count: formatNumber(count), sentence };
}
