// Characters as people count them, as neartalk/graphemes.py counts: grapheme clusters, not code points or halves of them.

import { lazy } from './lazy.js';

const PARTS_MAX = 5; // what has more letters or pictures in one cluster counts as several
const PART = /[\p{L}\p{Extended_Pictographic}]/gu;

const PLAIN = /^[\n\x20-\x7e]*$/; // each of these is one
const segmenter = lazy(() => new Intl.Segmenter('und', { granularity: 'grapheme' }));

// Firefox before 125 has no Intl.Segmenter. Nearly the same, for what people write.
const EXTENDS = String.raw`[\p{M}\p{Emoji_Modifier}\u0e33\u0eb3\uff9e\uff9f\u200c\u200d\u{e0020}-\u{e007f}]*`;
const PICTURES = String.raw`\p{Extended_Pictographic}${EXTENDS}(?:(?<=\u200d)\p{Extended_Pictographic}${EXTENDS})*`;
const cluster = lazy(() => new RegExp(String.raw`\r\n|(?:\p{RI}{2}|${PICTURES}|[^])${EXTENDS}`, 'gu'));

/** The clusters of a text. `own` is whether the browser's own rules are used, where it has them. */
export function clusters(text, own = true) {
  if (PLAIN.test(text)) return [...text];
  if (own && 'Segmenter' in Intl) return [...segmenter().segment(text)].map(({ segment }) => segment);
  return text.match(cluster()) ?? [];
}

/** How many characters people count in a text. */
export function count(text) {
  return clusters(text).reduce((sum, cluster) => sum + weight(cluster), 0);
}

/**
 * How much of `max` characters a text uses up, as the server measures a message: what people count, and one for each
 * `points` code points at least, so that a text has an end.
 */
export function used(text, max, points = 4) {
  const composed = text.normalize('NFC');
  const least = Math.ceil([...composed].length / points);
  return least > max ? least : Math.max(least, count(composed));
}

/** The first character of a name, as a capital where that is one character too. */
export function initial(name) {
  const [whole = ''] = clusters(name.slice(0, 64));
  const first = weight(whole) === 1 ? whole : [...name][0];
  const capital = first.toUpperCase();
  return count(capital) === 1 ? capital : first;
}

function weight(text) {
  return Math.max(1, Math.ceil((text.match(PART) ?? []).length / PARTS_MAX));
}
