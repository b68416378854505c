// Sentences in the language of the page, looked up by their English as gettext does. A catalogue (static/js/languages/) is there
// before any of them is asked for.

import { lazy } from './lazy.js';

const NAMED = /\{(\w+)\}/;
const CONTEXT_END = '\u0004'; // as in .mo files
const numbers = lazy(() => new Intl.NumberFormat(document.documentElement.lang || 'en'));
const englishForm = (count) => Number(count !== 1);

let catalogue = { strings: {}, plural: englishForm };

/** A number as the language of the page writes it: "1,234". */
export function formatNumber(number) {
  return numbers().format(number);
}

/** Takes the catalogue of the page's language: `strings` by their English (lists for plurals), and which of a list a number takes. */
export function useCatalogue(found) {
  catalogue = found;
}

/** A sentence with its {names} filled by values. */
export function gettext(english, values) {
  return gettextParts(english, values).join('');
}

/** The same for an English that means more than one thing: `context` says which ("verb"). */
export function pgettext(context, english, values) {
  return fill(catalogue.strings[context + CONTEXT_END + english] ?? english, values).join('');
}

/** The form of a sentence that a number takes, with its {names} filled: {count} is the number. */
export function ngettext(one, many, count, values) {
  return ngettextParts(one, many, count, values).join('');
}

/**
 * A sentence as a list of strings and of whatever the values are, people as a rule: what `renderSentence` puts on the page. Values
 * that are lists are spread.
 */
export function gettextParts(english, values) {
  return fill(catalogue.strings[english] ?? english, values);
}

/** The same of the form that a number takes. */
export function ngettextParts(one, many, count, values) {
  const forms = catalogue.strings[one];
  const form = forms ? forms[catalogue.plural(count)] : [one, many][englishForm(count)];
  return fill(form ?? many, { count, ...values });
}

/** A name that has no value stays as it is: a mistake that is seen. */
function fill(sentence, values = {}) {
  return sentence.split(NAMED).flatMap((part, turn) => (turn % 2 ? shown(values[part] ?? `{${part}}`) : part || []));
}

function shown(value) {
  return typeof value === 'number' ? formatNumber(value) : value;
}
