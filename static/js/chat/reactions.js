// Reactions as they stand under their messages. Counts of a busy place come often: they are drawn together, at the pace of the
// messages there; your own at once, before the server has answered. Those who listen to the log are not told of them.

import { formatNumber } from '../page/gettext.js';
import { now, serverNow } from '../server/clock.js';
import { on } from '../server/signals.js';
import { LIFE_MS, isOwn } from './message-row.js';
import { readReactions, shownReactions, withOwn } from './reaction-counts.js';
import { preserveScroll } from './scroll.js';
import { reacted } from './words.js';

const EVERY_MS = 1500;
const NONE = { counts: {}, own: '' };

const kept = new Map(); // id: {counts, own}, as they are shown
const asked = new Map(); // id: {before, choices}: what is yours by the server's word, and by their refs what it has not answered
let changed = new Set(); // ids that are to be drawn
let timer = 0;
let drawnAt = -Infinity;
let arriving = false; // all that changed meanwhile is being told

export function reactionsOf(id) {
  return kept.get(id) ?? NONE;
}

/** Sets what stands under a message; drawn at once where it is your doing. */
export function setReactions(id, reactions, atOnce = false) {
  if (shownReactions(reactions).length || reactions.own) kept.set(id, reactions);
  else kept.delete(id);
  changed.add(id);
  if (atOnce) draw();
  else timer ||= setTimeout(draw, Math.max(0, drawnAt + EVERY_MS - now()));
}

function setOwnReaction(id, kind) {
  setReactions(id, withOwn(reactionsOf(id), kind), true);
}

/** Shows what you chose of a message: the server was asked under this ref, for whose answer `settle` is called. */
export function choose(id, kind, ref) {
  const one = asked.get(id) ?? { before: reactionsOf(id).own, choices: new Map() };
  asked.set(id, one);
  one.choices.set(ref, kind);
  setOwnReaction(id, kind);
}

/** An answer came: shown is what was chosen last and not refused, and in the end what the server holds. */
export function settle(id, ref) {
  const one = asked.get(id);
  if (!one) return;
  one.choices.delete(ref);
  const [kind = one.before] = [...one.choices.values()].reverse();
  if (!one.choices.size) asked.delete(id);
  if (reactionsOf(id).own !== kind) setOwnReaction(id, kind);
}

/** A row is about to be put on the page: a call says its reactions with it, a socket before or after. */
export function addReactions(row) {
  if (row.dataset.r) kept.set(row.dataset.id, readReactions(row.dataset.r));
  delete row.dataset.r;
  if (kept.has(row.dataset.id)) renderChips(row);
}

export function removeReactions(row) {
  kept.delete(row.dataset.id);
}

function draw() {
  clearTimeout(timer);
  timer = 0;
  drawnAt = now();
  const rows = [...changed].map((id) => document.getElementById(`m-${id}`)).filter(Boolean);
  changed = new Set();
  for (const id of kept.keys()) if (serverNow() - parseInt(id, 10) > LIFE_MS) kept.delete(id);
  if (rows.length) preserveScroll(() => rows.forEach(renderChips));
}

function renderChips(row) {
  const reactions = reactionsOf(row.dataset.id);
  const shown = shownReactions(reactions);
  const place = row.querySelector('.chips') ?? (shown.length ? insertPlace(row) : null);
  if (!shown.length) place?.remove();
  for (const chip of [...(place?.children ?? [])]) if (!reactions.counts[chip.dataset.kind]) chip.remove();
  shown.forEach(([kind, count], turn) => renderChip(row, place, turn, { kind, count, own: reactions.own === kind }));
}

function insertPlace(row) {
  const place = document.createElement('p');
  place.className = 'chips';
  place.setAttribute('aria-live', 'off');
  row.querySelector('.bubble').after(place);
  return place;
}

function renderChip(row, place, turn, { kind, count, own }) {
  const chip = place.children[turn]?.dataset.kind === kind ? place.children[turn] : insertChip(place, turn, kind);
  if (!isOwn(row)) chip.setAttribute('aria-pressed', String(own)); // nobody reacts to themselves
  chip.lastElementChild.textContent = formatNumber(count);
  chip.setAttribute('aria-label', reacted(kind, count, own));
}

function insertChip(place, turn, kind) {
  const chip = document.getElementById('chip').content.cloneNode(true).firstElementChild;
  chip.dataset.kind = kind;
  chip.querySelector('use').setAttribute('href', `#r-${kind}`);
  place.insertBefore(chip, place.children[turn] ?? null);
  return chip;
}

// Between a welcome and its mark only what is yours is said, and not what you took back elsewhere.
function setCounts({ id, counts: words }) {
  const { counts } = readReactions(words);
  const one = asked.get(id);
  const own = arriving ? '' : (one?.before ?? reactionsOf(id).own);
  if (!one) return setReactions(id, { counts, own });
  one.before = own;
  setReactions(id, withOwn({ counts, own }, reactionsOf(id).own));
}

// What is yours is counted already in what is told on arrival; else the counts with it are to come.
function setOwn({ id, reaction }) {
  const one = asked.get(id);
  const { counts, own } = reactionsOf(id);
  if (!one && own !== reaction) setReactions(id, { counts, own: reaction }, true);
  if (!one) return;
  if (arriving) setReactions(id, withOwn({ counts: withOwn({ counts, own }, one.before).counts, own: reaction }, own), true);
  one.before = reaction;
}

// Another visit is another person, who chose nothing.
function forgetOwn() {
  asked.clear();
  for (const [id, { counts }] of [...kept]) setReactions(id, { counts, own: '' });
}

on('welcome', () => (arriving = true));
on('mark', () => (arriving = false));
on('reactions', setCounts);
on('reacted', setOwn);
document.addEventListener('neartalk:session', forgetOwn);
