// A crowd on the dial: how many people are in each zone between two of its marks, as one number for each, and as rings that are
// closer where more people are. Pure.

import { formatNumber, gettext } from '../page/gettext.js';

export const CROWD_FROM = 24;
export const MARKS_M = [100, 200, 500, 1000, 2000];
const MANY = 1.4; // people for each unit of the dial's width
const MORE = 0.6;

/** The people of each zone from their totals by label, [[metres, total], ...]: {from, to, total, words}, those without people too. */
export function zonesOf(totals) {
  return MARKS_M.map((to, turn) => {
    const from = turn ? MARKS_M[turn - 1] : -1;
    const inside = totals.filter(([metres]) => metres > from && metres <= to);
    const around = inside.every(([metres]) => metres === 0);
    return { from: Math.max(0, from), to, total: inside.reduce((sum, [, total]) => sum + total, 0), around };
  });
}

/** Which of the three patterns of rings a zone of so many people and units of width has. */
export function densityOf(total, width) {
  const share = total / Math.max(1, width);
  return share > MANY ? 3 : share > MORE ? 2 : 1;
}

/** A number in at most four characters: "999", "1.2k", "12k". */
export function shortNumber(number) {
  if (number < 1000) return formatNumber(number);
  const thousands = number / 1000;
  // Translators: thousands of people, "1.2k": four characters at most.
  return gettext('{thousands}k', { thousands: thousands < 9.95 ? Math.round(thousands * 10) / 10 : Math.round(thousands) });
}
