// How many people are in reach, in words, wherever the page says it: with the rings of the nearest beside the composer.

import { isBlocked } from './blocks.js';
import { colourOf, listedRows } from './list.js';
import { onPeople } from './listing.js';

const CHAIN_MAX = 8;

const find = (id) => document.getElementById(id);
const link = find('chain-link').content;
const you = find('chain').innerHTML;

function counted(count) {
  return `${count} ${count === 1 ? 'person' : 'people'}`;
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
  find('people-rest').textContent = rest > 0 ? `And ${rest} more, further away.` : '';
  find('people-rest').hidden = rest <= 0;
}

onPeople(({ count, rows, whole }) => {
  const people = find('people-count');
  people.dataset.count = String(count);
  people.textContent = counted(count);
  find('people-head').textContent = `${count ? counted(count) : 'Nobody'} in reach`;
  find('audience').textContent = count ? `${counted(count)} will see this` : 'Nobody yet. It waits 30 minutes.';
  find('people-none').hidden = count > 0;
  const blocked = whole ? rows.filter((row) => isBlocked(row.dataset.person)).length : 0;
  renderRest(count - blocked - listedRows().length);
  renderChain();
});
