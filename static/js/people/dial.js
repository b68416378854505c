// The rings on the dial: one for each person, at the distance of their label; where there are many, their number.

import { formatNumber, gettext, ngettext } from '../page/gettext.js';
import { joinedFacts } from '../page/sentences.js';
import { formatMetres } from '../page/units.js';
import { CROWD_FROM, densityOf, shortNumber, zonesOf } from './crowd.js';
import { colourOf, listedRows } from './list.js';
import { onPeople } from './listing.js';

// viewBox 328 x 200, you at (12, 100), the stops of the slider at equal steps from 28 to 302.
const FIRST = 28;
const STEP = 274 / 9;
const CENTRE = { x: 12, y: 100 };
const CROWD = 6;
const SVG = 'http://www.w3.org/2000/svg';

const stops = document.getElementById('radius').dataset.stops.split(' ').map(Number);
const find = (id) => document.getElementById(id);

/** How far from you metres are on the dial: the stops stand at equal steps, straight lines between. */
export function dialX(metres) {
  if (metres <= stops[0]) return (FIRST * metres) / stops[0];
  const at = stops.findIndex((stop) => metres <= stop);
  if (at < 0) return FIRST + STEP * (stops.length - 1);
  const [low, high] = [stops[at - 1], stops[at]];
  return FIRST + STEP * (at - 1 + (metres - low) / (high - low));
}

function ringX(metres) {
  return dialX(Math.max(metres, stops[0])) + (metres === 0 ? 8.2 : 0);
}

/** Numbers stand above and below the axis in turn: those of one label and the next are nearer to each other than they are wide. */
export function crowdY(metres) {
  const turn = Math.min(metres, 500) / 50 + Math.max(0, Math.min(metres, 1000) - 500) / 100 + Math.max(0, metres - 1000) / 200;
  return Math.floor(turn) % 2 ? 115 : 90;
}

function draw(name, attributes, text = '') {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function drawRings(people, metres) {
  const step = people.length >= 4 ? 5 : 7;
  const first = ringX(metres) - (step * (people.length - 1)) / 2;
  return people.map((colour, turn) => draw('circle', { class: `person ${colour}`, r: (first + step * turn).toFixed(1) }));
}

function drawCrowd(total, metres) {
  const r = ringX(metres);
  const number = draw('text', { x: (CENTRE.x + r).toFixed(1), y: crowdY(metres) }, formatNumber(total));
  return [draw('circle', { class: 'crowd', cx: CENTRE.x, cy: CENTRE.y, r: r.toFixed(1) }), number];
}

function describe(count, totals) {
  if (!count) return gettext('Nobody near');
  return describePlaces(count, totals.map(([metres, total]) => (metres ? describeAt(total, formatMetres(metres)) : describeAround(total))));
}

function describeCrowd(count, zones) {
  return describePlaces(count, zones.map(({ to, total, around }) => (around ? describeAround(total) : describeUpTo(total, formatMetres(to)))));
}

function describePlaces(count, places) {
  // Translators: {places} is a list such as "3 right around you, 2 at about 100 m".
  return ngettext('{count} person near: {places}', '{count} people near: {places}', count, { places: joinedFacts(places) });
}

function describeAround(count) {
  return ngettext('{count} right around you', '{count} right around you', count);
}

function describeAt(count, distance) {
  return ngettext('{count} at about {distance}', '{count} at about {distance}', count, { distance });
}

function describeUpTo(count, distance) {
  return ngettext('{count} up to {distance}', '{count} up to {distance}', count, { distance });
}

// No ring begins under the dot, and none lies beyond the edge.
function drawZone({ from, to, total }, edge) {
  const inner = from ? dialX(from) : 7;
  const width = Math.max(1, Math.min(dialX(to), edge) - inner);
  const stroke = `url(#crowd-${densityOf(total, width)})`;
  return draw('circle', { class: 'zone', r: (inner + width / 2).toFixed(1), 'stroke-width': width.toFixed(1), stroke });
}

function renderCrowd(count, sorted, radius) {
  const zones = zonesOf(sorted);
  const some = zones.filter(({ total }) => total);
  find('rings').replaceChildren(...some.map((zone) => drawZone(zone, dialX(radius))));
  find('crowds').replaceChildren();
  [...find('counts').children].forEach((place, turn) => (place.textContent = zones[turn].total ? shortNumber(zones[turn].total) : ''));
  return describeCrowd(count, some);
}

function renderFew(count, sorted) {
  const few = sorted.filter(([, total]) => total < CROWD);
  const many = sorted.filter(([, total]) => total >= CROWD);
  find('rings').replaceChildren(...few.flatMap(([metres]) => drawRings(listedRows(metres).map(colourOf), metres)));
  find('crowds').replaceChildren(...many.flatMap(([metres, total]) => drawCrowd(total, metres)));
  return describe(count, sorted);
}

/** Draws the edge of the reach, and which marks lie beyond it. */
export function renderEdge(metres) {
  const edge = dialX(metres);
  for (const circle of document.querySelectorAll('#dial-rings .field-of-reach, #dial-rings .edge-of-reach')) circle.setAttribute('r', edge);
  document.querySelector('#dial-rings .axis')?.setAttribute('d', `M0 0H${edge}`);
  for (const mark of document.querySelectorAll('#dial-rings circle.mark-line')) mark.classList.toggle('beyond', mark.getAttribute('r') > edge + 0.1);
}

onPeople(({ count, totals, radius }) => {
  if (!find('rings')) return; // the visit was erased
  const sorted = [...totals].sort(([a], [b]) => a - b);
  const crowded = count >= CROWD_FROM;
  find('dial').classList.toggle('crowded', crowded);
  find('counts').hidden = !crowded;
  find('ring-words').textContent = crowded ? gettext('more rings, more people') : gettext('each ring is a person');
  const words = crowded ? renderCrowd(count, sorted, radius || shownRadius()) : renderFew(count, sorted);
  find('rings').closest('svg').setAttribute('aria-label', words);
});

function shownRadius() {
  return Number(find('reach-output').dataset.radius);
}
