// A switch in a report that adds your own messages to it: those that answer whoever it is about, as far as the page holds both.

import { registerReport } from '../people/menu.js';
import { gettext } from '../page/gettext.js';
import { LIFE_MS } from './message-row.js';
import { rowOf } from './messages.js';

const MAX = 5; // so many a report takes, the newest

const part = document.getElementById('menu-answers');
const words = document.getElementById('menu-answers-words');
const added = part.querySelector('input');

// By one person only: what was answered must still be there to tell whose it was.
function answersTo(id) {
  const own = document.querySelectorAll('#messages .message.mine[data-re]:not(.removing)');
  return [...own].filter(({ dataset }) => rowOf(dataset.re)?.dataset.person === id).slice(-MAX);
}

function show({ id, message }) {
  const count = message ? answersTo(id).length : 0;
  part.hidden = !count;
  words.textContent = gettext('Those of the last {minutes} minutes that answer this person: {count}', { minutes: LIFE_MS / 60_000, count });
}

function valuesFor({ id }) {
  if (part.hidden || !added.checked) return {};
  return { answers: answersTo(id).map(({ dataset }) => dataset.id).join(' ') };
}

registerReport({ show, valuesFor });
