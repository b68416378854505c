// The rings on the dial: one for each person, at the distance of their label; where there are many, their number.

import { formatMetres } from '../page/units.js';
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
  const number = draw('text', { x: (CENTRE.x + r).toFixed(1), y: crowdY(metres) }, total.toLocaleString(document.documentElement.lang));
  return [draw('circle', { class: 'crowd', cx: CENTRE.x, cy: CENTRE.y, r: r.toFixed(1) }), number];
}

function describe(count, totals) {
  if (!count) return 'Nobody in reach';
  const each = totals.map(([metres, total]) => `${total} ${metres === 0 ? 'right around you' : `at about ${formatMetres(metres)}`}`);
  return `${count} ${count === 1 ? 'person' : 'people'} in reach: ${each.join(', ')}`;
}

/** Draws the edge of the reach, and which marks lie beyond it. */
export function renderEdge(metres) {
  const edge = dialX(metres);
  for (const circle of document.querySelectorAll('#dial-rings .field-of-reach, #dial-rings .edge-of-reach')) circle.setAttribute('r', edge);
  document.querySelector('#dial-rings .axis')?.setAttribute('d', `M0 0H${edge}`);
  for (const mark of document.querySelectorAll('#dial-rings circle.mark-line')) mark.classList.toggle('beyond', mark.getAttribute('r') > edge + 0.1);
}

onPeople(({ count, totals }) => {
  if (!find('rings')) return; // the visit was erased
  const sorted = [...totals].sort(([a], [b]) => a - b);
  const few = sorted.filter(([, total]) => total < CROWD);
  const many = sorted.filter(([, total]) => total >= CROWD);
  find('rings').replaceChildren(...few.flatMap(([metres]) => drawRings(listedRows(metres).map(colourOf), metres)));
  find('crowds').replaceChildren(...many.flatMap(([metres, total]) => drawCrowd(total, metres)));
  find('rings').closest('svg').setAttribute('aria-label', describe(count, sorted));
});
