// The words of a message as they are put on the page: text, and nothing that a browser could take for anything else. Addresses
// become links, and your name is marked where somebody means you.

import { partsOf } from './links.js';

const LETTER_BEFORE = /[\p{L}\p{N}_]$/u;
const LETTER_AFTER = /^[\p{L}\p{N}_]/u;

/** Fills an element with a text. `names` are those that mean you. */
export function fillWords(element, text, names = []) {
  const parts = partsOf(text).flatMap((part) => (typeof part === 'string' ? markNames(part, names) : [createLink(part)]));
  if (parts.length !== 1 || parts[0] !== element.textContent) element.replaceChildren(...parts);
}

function createLink({ href, host, rest }) {
  const link = document.createElement('a');
  Object.assign(link, { href, target: '_blank', rel: 'noopener noreferrer nofollow ugc', dir: 'ltr' });
  const bold = document.createElement('b');
  bold.textContent = host;
  link.append(bold, rest);
  return link;
}

function markNames(text, names) {
  const name = names.find((one) => placeOf(text, one) >= 0);
  if (!name) return [text];
  const at = placeOf(text, name);
  const mark = document.createElement('mark');
  mark.textContent = `@${name}`;
  return [text.slice(0, at), mark, ...markNames(text.slice(at + name.length + 1), names)].filter((part) => part !== '');
}

/** The names that a text names, in the order of their places: at each the longest one that stands there. */
export function namesAt(text, names) {
  const longestFirst = [...new Set(names)].sort((a, b) => b.length - a.length);
  const found = [];
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const name = longestFirst.find((one) => standsAt(text, one, at));
    if (name !== undefined) found.push(name);
  }
  return found;
}

/** Where an @ and a name stand in a text as a whole, or -1. */
function placeOf(text, name) {
  let at = text.indexOf(`@${name}`);
  while (at >= 0 && !standsAt(text, name, at)) at = text.indexOf(`@${name}`, at + 1);
  return at;
}

// An address of mail names nobody.
function standsAt(text, name, at) {
  if (!text.startsWith(`@${name}`, at) || LETTER_BEFORE.test(text.slice(Math.max(0, at - 2), at))) return false;
  return !LETTER_AFTER.test(text.slice(at + 1 + name.length));
}
