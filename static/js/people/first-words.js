// People are near and nothing is said: who is nearest, drawn, and the ways to begin. The style sheet hides it once something is said.

import { stayAtEnd } from '../chat/scroll.js';
import { gettext, ngettext } from '../page/gettext.js';
import { isolated } from '../page/sentences.js';
import { formatDistance } from '../page/units.js';
import { colourOf, listedRows } from './list.js';
import { onPeople } from './listing.js';

const DRAWN_MAX = 5;
const FIRST = 60;
const STEP = 25;
const SVG = 'http://www.w3.org/2000/svg';

const find = (id) => document.getElementById(id);

function drawRing(row, turn) {
  const r = FIRST + STEP * turn;
  const ring = document.createElementNS(SVG, 'path');
  ring.setAttribute('class', `whole-ring ${colourOf(row)}`);
  ring.setAttribute('d', `M${180 - r} 176a${r} ${r} 0 0 1 ${2 * r} 0`);
  return ring;
}

function describe(rows, count) {
  if (count > 1) return '';
  const [row] = rows;
  const name = isolated(row.querySelector('.name').textContent);
  return gettext('{name}, {distance}', { name, distance: formatDistance(Number(row.dataset.m ?? 0)) });
}

function invitation(count) {
  if (count === 1) return gettext('One person is here. Say hello.');
  return ngettext('{count} person is here. Say hello.', '{count} people are here. Say hello.', count);
}

function render({ count }) {
  const section = find('hello');
  if (!section?.firstElementChild) return; // the visit was erased
  const rows = listedRows();
  const before = section.hidden;
  section.hidden = !count || !rows.length;
  if (section.hidden !== before) stayAtEnd();
  if (section.hidden) return;
  find('hello-title').textContent = invitation(count);
  find('hello-rings').replaceChildren(...rows.slice(0, DRAWN_MAX).map(drawRing));
  for (const label of section.querySelectorAll('text')) label.textContent = describe(rows, count);
  find('hello-name').setAttribute('class', colourOf(rows[0]));
  find('hello-ask').hidden = count > 1;
}

document.addEventListener('click', ({ target }) => {
  if (target.closest('#hello-write')) find('text').focus();
  if (target.closest('#hello-ask')) listedRows()[0]?.querySelector('[data-act="person"]').click();
});
onPeople(render);
