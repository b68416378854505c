// A line where you left: before the first message of others that came while the page was hidden, or was not there.

import { loadText, saveText } from '../page/storage.js';
import { group, isOwn } from './message-row.js';
import { onArrival } from './messages.js';
import { preserveScroll } from './scroll.js';
import { NEW_SINCE } from './words.js';

const KEY = 'neartalk.seen';
const list = document.getElementById('messages');
let lined = null; // the row below the line
let away = document.hidden;

function setLine(row) {
  if (lined === row) return;
  preserveScroll(() => {
    for (const one of list.querySelectorAll('[data-new]')) {
      delete one.dataset.new;
      group(one);
    }
    if (row) row.dataset.new = NEW_SINCE;
    if (row) group(row);
  });
  lined = row;
}

function leave() {
  away = true;
  setLine(null);
  const last = list.lastElementChild;
  if (last) saveText(KEY, last.dataset.id);
}

// Where this tab has been here before, the line stands behind what it showed then.
function markSeen() {
  const seen = document.getElementById(`m-${loadText(KEY)}`);
  let row = seen?.nextElementSibling;
  while (row && isOwn(row)) row = row.nextElementSibling;
  if (row) setLine(row);
}

// Where the first of them is over meanwhile, the line went on to the next (messages.js).
onArrival((row) => {
  if (away && !list.querySelector('[data-new]')) setLine(row);
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) leave();
  else away = false;
});
window.addEventListener('pagehide', leave);
markSeen();
