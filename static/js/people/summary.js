// How many people are near, in words, wherever the page says it: with the rings of the nearest beside the composer.

import { formatNumber, gettext, ngettext, ngettextParts } from '../page/gettext.js';
import { isBlocked } from './blocks.js';
import { colourOf, listedRows } from './list.js';
import { onPeople } from './listing.js';

const CHAIN_MAX = 8;

const find = (id) => document.getElementById(id);
const link = find('chain-link').content;
const you = find('chain').innerHTML;

// The number is seen; the words around it are for those who listen. Where a language says a number by a word alone, so are all.
function createCount(count) {
  const number = document.createElement('span');
  number.textContent = formatNumber(count);
  const parts = ngettextParts('{count} person', '{count} people', count, { count: number });
  const made = parts.map((part) => (typeof part === 'string' ? createUnseen(part) : part));
  if (made.includes(number)) return made;
  number.setAttribute('aria-hidden', 'true');
  return [number, ...made];
}

function createUnseen(words) {
  const made = document.createElement('span');
  made.className = 'unseen';
  made.textContent = words;
  return made;
}

function createLink(row) {
  const made = link.cloneNode(true);
  made.firstElementChild.classList.add(colourOf(row));
  return made;
}

function renderChain() {
  const nearest = listedRows().slice(0, CHAIN_MAX);
  if (nearest.length) find('chain').replaceChildren(...nearest.map(createLink));
  else find('chain').innerHTML = you;
}

function renderRest(rest) {
  find('people-rest').textContent = rest > 0 ? ngettext('And {count} more, further away.', 'And {count} more, further away.', rest) : '';
  find('people-rest').hidden = rest <= 0;
}

onPeople(({ count, rows, whole }) => {
  const people = find('people-count');
  people.dataset.count = String(count);
  people.replaceChildren(...createCount(count));
  find('people-head').textContent = count ? ngettext('{count} person near', '{count} people near', count) : gettext('Nobody near');
  find('audience').textContent = count ? ngettext('{count} person will see this', '{count} people will see this', count) : gettext('Nobody yet. It waits 30 minutes.');
  find('people-none').hidden = count > 0;
  const blocked = whole ? rows.filter((row) => isBlocked(row.dataset.person)).length : 0;
  renderRest(count - blocked - listedRows().length);
  renderChain();
});
