// Who talks openly near you, in words: pure.

import { joined } from '../page/sentences.js';

const NAMED_MAX = 3; // where there are more, the nearest two are named
const NAMED = 2;

/**
 * What stands on the button of voice and in its panel for whoever is not in voice: {count, sentence}, both empty where no door is
 * open. `doors` are the people who have one, {name, tag, colour}, the nearest first; the sentence is a list of strings and of them.
 */
export function describeDoors(doors) {
  const count = doors.length;
  if (!count) return { count: '', sentence: [] };
  const named = count > NAMED_MAX ? [...doors.slice(0, NAMED), `${count - NAMED} more`] : doors;
  const talk = count === 1 ? '1 person talks' : `${count} people talk`;
  return { count: String(count), sentence: [`${talk} openly near you: `, ...joined(named), '.'] };
}
