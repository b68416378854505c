// Sentences that name people, {name, tag, colour}: lists of strings and of people in turn, as they are put on the page. Each name is
// read in its own direction, whatever stands around it.

import { gettext, ngettext } from './gettext.js';
import { lazy } from './lazy.js';

const LANGUAGE = document.documentElement.lang || 'en';
const list = lazy(() => new Intl.ListFormat(LANGUAGE === 'en' ? 'en-GB' : LANGUAGE, { type: 'conjunction' })); // no comma before "and"
const facts = lazy(() => new Intl.ListFormat(LANGUAGE, { type: 'unit' }));
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1eeff}]/u;

/** People joined as a list: "Ana", "Ana and Bo", "Ana, Bo and Cem". */
export function joined(people) {
  const places = people.map((_, place) => String(place));
  return list().formatToParts(places).map(({ type, value }) => (type === 'element' ? people[value] : value));
}

/** The first of them, and how many more, joined as a list. */
export function named(people, max) {
  const rest = people.length - max;
  if (rest <= 0) return joined(people);
  // Translators: the end of a list of names, "Ana, Bo and 3 more".
  return joined([...people.slice(0, max), ngettext('{count} more', '{count} more', rest)]);
}

/** Facts joined as a list: "300 up to 100 m, 20 up to 200 m". */
export function joinedFacts(all) {
  return facts().format(all);
}

/** A sentence that stands without its end elsewhere, with it. */
export function withStop(sentence) {
  // Translators: the end of a sentence, as your language writes it.
  return gettext('{sentence}.', { sentence });
}

/**
 * A name for where there are no elements, such as a title: set apart by characters where it or what stands around it is read from
 * the right.
 */
export function isolated(name) {
  return RIGHT_TO_LEFT.test(name) || document.documentElement.dir === 'rtl' ? `\u2068${name}\u2069` : name;
}

/** Fills an element with a sentence, where it differs from what stands there. `alike` are the tags of names that two people have. */
export function renderSentence(element, sentence, alike) {
  render(element, sentence, JSON.stringify([sentence, [...alike]]), (person) => createName(person, alike));
}

/** The same with names that look as what stands around them: parts are strings and {name}, or one string. */
export function renderPlain(element, parts) {
  const sentence = [parts].flat().map((part) => (typeof part === 'string' ? part : { name: part.name }));
  render(element, sentence, JSON.stringify(sentence), ({ name }) => createIsolated(name));
}

function render(element, sentence, key, createNamed) {
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  element.replaceChildren(...sentence.flatMap((part) => (typeof part === 'string' ? part : createNamed(part))));
}

function createIsolated(name) {
  const element = document.createElement('bdi');
  element.textContent = name;
  return element;
}

function createName({ name, tag, colour }, alike) {
  const bold = createIsolated(name);
  bold.className = `name p${colour}`;
  if (!alike.has(tag)) return [bold];
  const small = document.createElement('span');
  small.className = 'tag';
  small.textContent = tag;
  return [bold, ' ', small];
}
