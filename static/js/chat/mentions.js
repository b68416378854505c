// Names after an @: which one is being written, who is meant by it, and whom a text names in the end: pure. People are
// {id, name, tag}.

import { namesAt } from './bubble.js';
import { partsOf } from './links.js';

const MAX = 5;
const SHOWN = 6;
const LONGEST = 32;
const OPEN = /(?<![\p{L}\p{N}_@])@([^@\n]*)$/u;

/** The name that is being written before the caret, {at, typed}, or null. */
export function nameAt(text, caret) {
  const found = OPEN.exec(text.slice(0, caret));
  if (!found || found[1].length > LONGEST || /^\s/.test(found[1])) return null;
  return { at: found.index, typed: found[1] };
}

/** Whose names go on like that, in their order: those that begin with it before those of which a later word does. */
export function matching(people, typed) {
  const wanted = folded(typed);
  const begin = people.filter(({ name }) => folded(name).startsWith(wanted));
  const within = people.filter(({ name }) => !folded(name).startsWith(wanted) && folded(name).includes(` ${wanted}`));
  return [...begin, ...(wanted ? within : [])].slice(0, SHOWN);
}

/** The text with a name put in place of what was written of it, and where the caret is then. */
export function completed(text, { at, typed }, name) {
  const rest = text.slice(at + 1 + typed.length);
  const put = `@${name}${/^\s/.test(rest) ? '' : ' '}`;
  return { text: text.slice(0, at) + put + rest, caret: at + put.length + (put.endsWith(' ') ? 0 : 1) };
}

/**
 * The ids of those whom a text names: whom its author chose, and whoever alone has that name. Where one name goes on as another the
 * longer one is meant, and of people who are called alike each takes the place of one.
 */
export function mentioned(text, chosen, people) {
  const counts = new Map();
  for (const { name } of people) counts.set(name, (counts.get(name) ?? 0) + 1);
  const known = [...chosen, ...people.filter(({ name }) => counts.get(name) === 1)];
  const meant = new Set();
  for (const name of namesAt(wordsOf(text), [...chosen, ...people].map((one) => one.name))) {
    const named = known.filter((one) => one.name === name);
    if (named.length) meant.add(named.find((one) => !meant.has(one)) ?? named[0]);
  }
  return [...new Set(known.filter((one) => meant.has(one)).map(({ id }) => id))].slice(0, MAX);
}

// Without its links: an @ in an address is part of it.
function wordsOf(text) {
  return partsOf(text).filter((part) => typeof part === 'string').join(' ');
}

function folded(text) {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
