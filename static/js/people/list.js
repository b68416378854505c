// The list of people in reach, by distance: one row each, which stays as it is while others come and go. It leaves out whom you
// blocked, is one Tab stop however many they are, and keeps the focus, at their neighbour if they left.

import { formatNumber, gettext } from '../page/gettext.js';
import { initial } from '../page/graphemes.js';
import { roveFocus } from '../page/roving-focus.js';
import { isolated } from '../page/sentences.js';
import { formatDistance } from '../page/units.js';
import { isBlocked, onBlock } from './blocks.js';
import { onPeople } from './listing.js';

const CONTROL = '#people-list .person-row button';

const panel = document.getElementById('people');
const list = document.getElementById('people-list');
const template = document.getElementById('person-row');
const setStop = roveFocus(panel, CONTROL);
const rows = new Map(); // by person_id
const groups = new Map(); // by metres: {heading, people}
let stop = null; // the row that the Tab key stops at

/** The class of a person's colour. */
export function colourOf(row) {
  return [...row.classList].find((one) => /^p\d$/.test(one));
}

/** The rows as they are listed, those of one distance where it is given. */
export function listedRows(metres = null) {
  return [...list.querySelectorAll(metres === null ? '.person-row' : `.person-row[data-m="${metres}"]`)];
}

function metresOf(row) {
  return Number(row.dataset.m);
}

// Adds to a row what no frame says: the ring, the menu, and its name.
function dress(row) {
  const [name, tag] = row.children;
  const made = template.content.cloneNode(true);
  name.className = 'name';
  tag.className = 'tag';
  made.querySelector('.who').append(name, ' ', tag);
  row.replaceChildren(made);
  label(row);
}

function label(row) {
  const [name, tag] = row.querySelectorAll('.name, .tag');
  row.querySelector('.ring text').textContent = initial(name.textContent);
  nameAway(row);
  row.querySelector('button').setAttribute('aria-label', nameMenu(isolated(name.textContent), tag.textContent, row.hasAttribute('data-away')));
}

// `tag` tells people of one name apart.
function nameMenu(name, tag, away) {
  if (away) return gettext('{name} {tag}, away: talk, block or report', { name, tag });
  return gettext('{name} {tag}: talk, block or report', { name, tag });
}

function nameAway(row) {
  const shown = row.querySelector('.away');
  if (!row.hasAttribute('data-away')) return shown?.remove();
  if (shown) return;
  const words = document.createElement('span');
  words.className = 'quiet away';
  words.textContent = gettext('away');
  row.querySelector('.who').append(' ', words);
}

function groupOf(metres) {
  if (!groups.has(metres)) insertGroup(metres);
  return groups.get(metres).people;
}

function insertGroup(metres) {
  const heading = document.createElement('h3');
  const people = document.createElement('ul');
  heading.className = 'group';
  heading.append(document.createElement('span'), document.createElement('span'));
  heading.firstChild.textContent = formatDistance(metres);
  const next = Math.min(...[...groups.keys()].filter((other) => other > metres));
  (groups.get(next)?.heading ?? list.querySelector('.panel-words')).before(heading, people);
  groups.set(metres, { heading, people });
}

// In the order of ids, as the server lists them.
function insert(row) {
  const people = groupOf(metresOf(row));
  const id = row.dataset.person;
  people.insertBefore(row, [...people.children].find((other) => other.dataset.person > id) ?? null);
}

function put(fresh) {
  const id = fresh.dataset.person;
  if (isBlocked(id)) return;
  const row = rows.get(id);
  if (!row) {
    dress(fresh);
    rows.set(id, fresh);
    insert(fresh);
    return;
  }
  row.querySelector('.name').textContent = fresh.children[0].textContent;
  if (fresh.dataset.v) row.dataset.v = fresh.dataset.v;
  else delete row.dataset.v;
  row.toggleAttribute('data-away', fresh.hasAttribute('data-away'));
  label(row);
  if (metresOf(row) === metresOf(fresh)) return;
  row.dataset.m = fresh.dataset.m;
  keepFocus(row, () => insert(row));
}

// A browser takes the focus from what is moved.
function keepFocus(row, change) {
  const focused = row.contains(document.activeElement) ? document.activeElement : null;
  change();
  focused?.focus({ preventScroll: true });
}

function remove(id) {
  const row = rows.get(id);
  if (!row) return;
  rows.delete(id);
  if (row === stop) stop = neighbourOf(row);
  const focused = row.contains(document.activeElement);
  row.remove();
  if (focused) (stop?.querySelector('button') ?? panel).focus({ preventScroll: true });
}

// The row after this one that is still listed, or the one before it.
function neighbourOf(row) {
  const all = listedRows();
  const at = all.indexOf(row);
  return [...all.slice(at), ...all.slice(0, at).reverse()].find((other) => rows.has(other.dataset.person)) ?? null;
}

function updateGroups(totals = null) {
  for (const [metres, { heading, people }] of groups) {
    if (people.children.length) {
      if (totals) heading.lastChild.textContent = formatNumber(totals.get(metres) ?? people.children.length);
    } else {
      heading.remove();
      people.remove();
      groups.delete(metres);
    }
  }
}

function updateStop() {
  stop = rows.get(stop?.dataset.person) ?? list.querySelector('.person-row');
  for (const control of panel.querySelectorAll(CONTROL)) control.tabIndex = -1;
  setStop(stop?.querySelector('button') ?? null);
}

// What is read stays where it is: the row with the focus, or the first one in view. At the top new rows come into view instead.
function preserveScroll(change) {
  const { top } = panel.getBoundingClientRect();
  const boxes = panel.scrollTop ? listedRows().map((row) => ({ row, box: row.getBoundingClientRect() })) : [];
  const inView = boxes.filter(({ box }) => box.bottom > top);
  const focused = inView.filter(({ row }) => row.contains(document.activeElement));
  change();
  const kept = [...focused, ...inView].find(({ row }) => row.isConnected);
  if (kept) panel.scrollTop += kept.row.getBoundingClientRect().top - kept.box.top;
}

panel.addEventListener('focusin', ({ target }) => (stop = target.closest('.person-row') ?? stop));
onPeople((change) => {
  preserveScroll(() => {
    const present = new Set(change.rows.map((row) => row.dataset.person));
    for (const row of change.rows) put(row);
    for (const id of change.whole ? [...rows.keys()].filter((id) => !present.has(id)) : change.left) remove(id);
    updateGroups(change.totals);
  });
  updateStop();
});
onBlock(() => {
  for (const id of [...rows.keys()]) if (isBlocked(id)) remove(id);
  updateGroups();
  updateStop();
});
