// What the server's label of a distance says, and what it is in the language of the page; pure.

import { gettext } from '../../page/gettext.js';
import { formatDistance } from '../../page/units.js';

const FURTHER = 'further away';
const HERE = 'right around you';
const METRES = /([\d.]+) (m|km)\b/;

/** The metres of a label: "~1.5 km"; 0 right around you, null where a label has none. */
export function metresOf(label) {
  const [, number, unit] = METRES.exec(label) ?? [];
  if (!number) return label === HERE ? 0 : null;
  return Number(number) * (unit === 'km' ? 1000 : 1);
}

/** Whether a label is that of whoever is further away, which is all that is told of them. */
export function isFurther(label) {
  return label === FURTHER;
}

/** A label within a sentence, or after a name. */
export function distanceIn(label) {
  const metres = metresOf(label);
  if (metres !== null) return formatDistance(metres);
  return isFurther(label) ? gettext('further away') : label;
}

/** A label where a line begins with it. */
export function distanceLine(label) {
  if (label === HERE) return gettext('Right around you');
  return isFurther(label) ? gettext('Further away') : distanceIn(label);
}
