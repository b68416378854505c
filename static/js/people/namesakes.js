// Names that look alike are refused on choosing, not on arriving or moving: then the tags of all of them stand out, in the list
// and with their messages, and whoever shares your name is told beside it.

import { now } from '../server/clock.js';
import { ambiguousTags } from './likeness.js';
import { reloadSelf } from './self.js';

const SELF_MS = 10_000;
const GONE_MS = 10_000; // how long a tag may stand out after a namesake's last message is gone
const find = (id) => document.getElementById(id);
const others = () => document.querySelectorAll('#people-list .who, #messages .who');

let due = null; // the next look at what stands on the page
let later = null; // one that can wait
let known = new Map(); // whoever stood on the page at the last look, by tag and name
let alike = new Set(); // their tags that stand out
let mine = null; // the tags of those who may be called as you are; your row of a fresh page knows them
let askedAt = -Infinity;

function personIn(who) {
  return { name: who.querySelector('bdi').textContent, tag: who.querySelector('.tag').textContent };
}

function keyOf({ name, tag }) {
  return `${tag} ${name}`;
}

function mark(who, { tag }) {
  const element = who.querySelector('.tag');
  if (element.classList.contains('alike') !== alike.has(tag)) element.classList.toggle('alike');
}

function markNamesakes() {
  clearTimeout(later);
  due = later = null;
  const self = document.querySelector('#self .who');
  if (!self) return;
  const shown = [self, ...others()].map((who) => [who, personIn(who)]);
  known = new Map(shown.map(([, person]) => [keyOf(person), person]));
  alike = ambiguousTags([...known.values()]);
  for (const [who, person] of shown) mark(who, person);
  updateSelf(personIn(self));
}

// A message of somebody who is known changes nobody else's tag. In a busy place nearly all are.
function onMessages(changes) {
  for (const { addedNodes, removedNodes } of changes) {
    for (const row of addedNodes) markMessage(row);
    if (removedNodes.length) later ??= setTimeout(markNamesakes, GONE_MS);
  }
}

function markMessage(row) {
  const who = row.querySelector?.('.who');
  if (!who) return;
  const person = personIn(who);
  if (known.has(keyOf(person))) mark(who, person);
  else markSoon();
}

// Only the server has the table of letters that look alike: it says how many are called as you are.
function updateSelf(self) {
  const listed = [...document.querySelectorAll('#people-list .who')].map(personIn);
  const tags = listed.filter((one) => ambiguousTags([one, self]).size).map(({ tag }) => tag);
  const found = tags.sort().join(' ');
  mine ??= found;
  if (found === mine || find('self').contains(document.activeElement)) return;
  const waitMs = askedAt + SELF_MS - now();
  if (waitMs > 0) {
    clearTimeout(due);
    due = setTimeout(markNamesakes, waitMs);
    return;
  }
  mine = found;
  askedAt = now();
  reloadSelf();
}

function markSoon() {
  clearTimeout(due);
  due = setTimeout(markNamesakes);
}

const observer = new MutationObserver(markSoon);
for (const id of ['people', 'self-panel']) if (find(id)) observer.observe(find(id), { childList: true, subtree: true });
if (find('messages')) new MutationObserver(onMessages).observe(find('messages'), { childList: true });
markSoon();
