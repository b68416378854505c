// Names that look alike are refused on choosing, not on arriving or moving: then the tags of all of them stand out, in the list
// and with their messages, and whoever shares your name is told beside it.

import { now } from '../server/clock.js';
import { ambiguousTags } from './likeness.js';
import { reloadSelf } from './self.js';

const SELF_MS = 10_000;
const find = (id) => document.getElementById(id);
const others = () => document.querySelectorAll('#people-list .who, #messages .who');

let due = null; // the next look at what stands on the page
let mine = null; // the tags of those who may be called as you are; your row of a fresh page knows them
let askedAt = -Infinity;

function personIn(who) {
  return { name: who.querySelector('bdi').textContent, tag: who.querySelector('.tag').textContent };
}

function markNamesakes() {
  due = null;
  const self = document.querySelector('#self .who');
  if (!self) return;
  const people = [...others()].map(personIn);
  const alike = ambiguousTags([...people, personIn(self)]);
  for (const who of [self, ...others()]) {
    const tag = who.querySelector('.tag');
    if (tag.classList.contains('alike') !== alike.has(tag.textContent)) tag.classList.toggle('alike');
  }
  updateSelf(personIn(self));
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
for (const id of ['people', 'messages', 'self-panel']) if (find(id)) observer.observe(find(id), { childList: true, subtree: true });
markSoon();
