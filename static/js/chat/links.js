// Addresses in a text: pure. A link is what is plain: http or https, nobody's name or password in it, and no letter that hides or
// reorders. Its host is what the browser will ask for, whatever was typed; letters of another script are shown as such only where
// all of the host is written in one.

import { lazy } from '../page/lazy.js';

const FOUND = /(?<![\p{L}\p{N}_])https?:\/\/[^\s<>"]+/giu;
const CLOSERS = { ')': '(', ']': '[', '}': '{' };
const ENDS = /[.,;:!?'*_~’”»…。、，！？）」』،؛؟۔।]$/u;
const HIDDEN = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\\]/u;
const LOOKS_LATIN = /[^a-z0-9.:\-\u00df-\u00f6\u00f8-\u0130\u0132-\u017f]/u; // and what may be taken for a letter of it
const scripts = lazy(() => [
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]+$/u,
  ...['Cyrillic', 'Greek', 'Arabic', 'Hebrew', 'Hangul', 'Devanagari', 'Thai', 'Bengali', 'Tamil', 'Georgian', 'Armenian'].map(
    (script) => new RegExp(String.raw`^[\p{Script=${script}}\p{M}]+$`, 'u'),
  ),
]);
const REST_MAX = 14;

/** A text as strings and links, {href, host, rest}, in their order. */
export function partsOf(text) {
  if (!text.includes('://')) return [text];
  const parts = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(FOUND)) {
    const typed = withoutEnd(found);
    const link = linkOf(typed);
    if (!link) continue;
    if (index > from) parts.push(text.slice(from, index));
    parts.push(link);
    from = index + typed.length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

/** The link that an address is, or null where it is not a plain one. */
export function linkOf(typed) {
  if (HIDDEN.test(typed)) return null;
  const url = parsed(typed);
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username || url.password || authorityOf(typed).includes('@')) return null;
  const host = shownHost(url, typed);
  const rest = url.href.slice(url.origin.length);
  return { href: url.href, host, rest: rest === '/' ? '' : shortened(rest) };
}

function parsed(address) {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

function authorityOf(typed) {
  return typed.slice(typed.indexOf('://') + 3).split(/[/?#]/u, 1)[0];
}

// Sentences end behind addresses, and brackets close that were opened before them.
function withoutEnd(found) {
  const last = found.at(-1);
  const opener = CLOSERS[last];
  const open = opener && found.split(last).length > found.split(opener).length;
  return open || ENDS.test(found) ? withoutEnd(found.slice(0, -1)) : found;
}

function shortened(rest) {
  return rest.length > REST_MAX ? `${rest.slice(0, REST_MAX - 2)}…` : rest;
}

// What the browser asks for is in ASCII. As it was typed it is shown where that is the same host in one script.
function shownHost(url, typed) {
  if (!/(^|\.)xn--/.test(url.hostname)) return url.host;
  const host = authorityOf(typed).normalize('NFKC').toLowerCase();
  if (parsed(`${url.protocol}//${host}`)?.host !== url.host) return url.host;
  return isOneScript(host.replace(/:\d+$/, '')) ? host : url.host;
}

function isOneScript(host) {
  if (!LOOKS_LATIN.test(host)) return true;
  const letters = host.replace(/[0-9.\-。]/gu, '');
  return scripts().some((script) => script.test(letters));
}
