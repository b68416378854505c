// Reactions to one message as they travel and as they stand: pure. {counts: {yes: 12}, own: 'yes' or ''}.

import { REACTIONS } from './words.js';

/** What "yes:12 love:3*" says; the star is beside your own. */
export function readReactions(words = '') {
  const found = { counts: {}, own: '' };
  for (const word of words.split(' ')) {
    const [kind, number] = word.split(':');
    const count = parseInt(number, 10);
    if (!Object.hasOwn(REACTIONS, kind) || !(count > 0)) continue;
    found.counts[kind] = count;
    if (number.endsWith('*')) found.own = kind;
  }
  return found;
}

/** The same once your own is another one, or none. */
export function withOwn({ counts, own }, kind) {
  const changed = { ...counts };
  if (own === kind) return { counts: changed, own };
  if (own) changed[own] = (changed[own] ?? 1) - 1;
  if (kind) changed[kind] = (changed[kind] ?? 0) + 1;
  return { counts: Object.fromEntries(Object.entries(changed).filter(([, count]) => count > 0)), own: kind };
}

/** [kind, count] of those that there are, always in the same order. */
export function shownReactions({ counts }) {
  return Object.keys(REACTIONS).filter((kind) => counts[kind] > 0).map((kind) => [kind, counts[kind]]);
}
