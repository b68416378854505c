// Distances and minutes in words, in the language of the page: from the server distances come as metres.

const LANGUAGE = document.documentElement.lang;

function formatter(unit) {
  return new Intl.NumberFormat(LANGUAGE, { style: 'unit', unit, unitDisplay: 'short' });
}

const METRES = formatter('meter');
const KILOMETRES = formatter('kilometer');
const MINUTES = formatter('minute');

/** Formats metres: "500 m", "1.5 km". */
export function formatMetres(metres) {
  return metres < 1000 ? METRES.format(metres) : KILOMETRES.format(metres / 1000);
}

/** Formats minutes: "26 min". */
export function formatMinutes(minutes) {
  return MINUTES.format(minutes);
}

/** The label of what was said before its reader was where they are. */
export const EARLIER = 'earlier, near here';

/** The label of a distance, from its metres: "right around you", "~300 m". */
export function formatDistance(metres) {
  return metres === 0 ? 'right around you' : `~${formatMetres(metres)}`;
}
