// Distances and minutes in words, in the language of the page: from the server distances come as metres.

import { formatNumber, gettext } from './gettext.js';
import { lazy } from './lazy.js';

const LANGUAGE = document.documentElement.lang;
const SPELLED = LANGUAGE === 'en' ? 'en-GB' : LANGUAGE; // metres, as in all else that the page says

// A label in feet and miles is a label in metres under another name: it says the same block and no more.
const FOOT_M = 0.3048;
const FEET_STEP = 50;
const FEET_MAX_M = 500; // and above it miles
const MILE_M = 1609.344;
const MILES_STEP = 0.05;

const formatters = new Map();

function readsFeet() {
  return document.documentElement.dataset.units === 'feet';
}

function format({ value, unit }, unitDisplay = 'short') {
  const key = `${unit} ${unitDisplay}`;
  const made = formatters.get(key) ?? new Intl.NumberFormat(unitDisplay === 'long' ? SPELLED : LANGUAGE, { style: 'unit', unit, unitDisplay });
  formatters.set(key, made);
  return made.format(value);
}

function measured(metres) {
  if (readsFeet()) return inFeet(metres);
  return metres < 1000 ? { value: metres, unit: 'meter' } : { value: metres / 1000, unit: 'kilometer' };
}

function inFeet(metres) {
  if (metres <= FEET_MAX_M) return { value: nearest(metres / FOOT_M, FEET_STEP), unit: 'foot' };
  return { value: nearest(metres / MILE_M, MILES_STEP), unit: 'mile' };
}

function nearest(value, step) {
  return Math.max(1, Math.round(value / step)) * step;
}

const now = lazy(() => new Intl.RelativeTimeFormat(LANGUAGE, { numeric: 'auto' }).format(0, 'second'));
const clock = lazy(() => new Intl.DateTimeFormat(undefined, { timeStyle: 'short' }));

/** Formats metres in the units of the page: "500 m", "1.5 km"; "1,650 ft", "0.95 mi". */
export function formatMetres(metres) {
  return format(measured(metres));
}

/** The same without its unit, where that stands beside it. */
export function countMetres(metres) {
  return formatNumber(measured(metres).value);
}

/** In whole kilometres or miles, at least one: "3 km", "2 mi". */
export function formatFar(metres) {
  return format(readsFeet() ? { value: nearest(metres / MILE_M, 1), unit: 'mile' } : { value: nearest(metres / 1000, 1), unit: 'kilometer' });
}

/** Fills what the templates say in metres. */
export function renderMetres() {
  for (const element of document.querySelectorAll('[data-metres]')) {
    const words = formatMetres(Number(element.dataset.metres));
    if (element.textContent !== words) element.textContent = words;
  }
}

/** Formats minutes: "26 min". */
export function formatMinutes(minutes) {
  return format({ value: minutes, unit: 'minute' });
}

/** How long ago, in whole minutes: "now", "4 min". */
export function formatAgo(minutes) {
  return minutes ? formatMinutes(minutes) : now();
}

/** What the clock showed at a time: "14:27". */
export function formatClock(ms) {
  return clock().format(ms);
}

/** The label of what was said before its reader was where they are. */
export const EARLIER = gettext('earlier, near here');

/** The label of a distance, from its metres: "right around you", "~300 m". */
export function formatDistance(metres) {
  // Translators: about so far away, "~300 m".
  return metres === 0 ? gettext('right around you') : gettext('~{distance}', { distance: formatMetres(metres) });
}

/** The same for those who listen: "300 metres", "1,000 feet". */
export function nameDistance(metres) {
  if (metres === 0) return formatDistance(0);
  return format(measured(metres), 'long');
}
