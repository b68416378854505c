// Scroll position of the conversation: it follows the end while you are there, and stands still while you read back.

import * as words from './words.js';

const END_PX = 48;

const scroller = document.getElementById('scroller');
const list = document.getElementById('messages');
const moreButton = document.getElementById('more');
let following = true;
let seen = { scrollHeight: 0, clientHeight: 0 };
let unread = 0;
let toYou = null; // the first row of those that was written to you

/** Runs a change of the list so that the visible rows do not move. */
export function preserveScroll(change) {
  const tops = following ? [] : visibleRows();
  change();
  if (following) {
    scrollToEnd();
    return;
  }
  const [row, top] = tops.find(([row]) => row.isConnected) ?? [];
  if (row) scroller.scrollTop += row.getBoundingClientRect().top - top;
}

/** Scrolls to the end if it was in view; to be called after something beside the rows changed its size. */
export function stayAtEnd() {
  if (following) scrollToEnd();
}

export function scrollToEnd() {
  scroller.scrollTop = scroller.scrollHeight;
  seen = { scrollHeight: scroller.scrollHeight, clientHeight: scroller.clientHeight };
  markRead();
}

/** Whether a row was written to you: it names you, or answers what you said. */
export function isToYou(row) {
  return row.classList.contains('to-you') || row.dataset.replies === 'you';
}

/** Adds rows to the count of messages below the visible part, or, of a page that nobody saw, above it. */
export function addUnread(rows) {
  if (!rows.length || (following && !document.hidden)) return;
  unread += rows.length;
  toYou ??= rows.find(isToYou) ?? null;
  if (!following) showMore();
}

function showMore() {
  moreButton.textContent = toYou ? words.wroteToYou(toYou.querySelector('.name').textContent, unread) : words.unread(unread);
  moreButton.classList.toggle('button-ember', toYou !== null);
  moreButton.hidden = false;
}

/** Scrolls a row to the middle and has it stand out for a moment. */
export function scrollToRow(row) {
  const box = row.getBoundingClientRect();
  const view = scroller.getBoundingClientRect();
  following = false;
  scroller.scrollTop += box.top - view.top - Math.max(0, (view.height - box.height) / 2);
  row.classList.add('pointed');
  row.addEventListener('animationend', () => row.classList.remove('pointed'), { once: true });
  row.querySelector('.o').focus({ preventScroll: true });
}

/** Where the end is in view, and stays there. */
export function isFollowing() {
  return following;
}

export function onReachTop(listener) {
  scroller.addEventListener('scroll', () => isAtTop() && listener(), { passive: true });
}

/** Whether the top is in view, also where everything fits. */
export function isAtTop() {
  return scroller.scrollTop < END_PX;
}

// With the tops of their boxes. However many there are, only a few are measured: they stand in the order of their places.
function visibleRows() {
  const top = scroller.getBoundingClientRect().top;
  const bottom = top + scroller.clientHeight;
  const rows = list.children;
  let first = 0;
  for (let end = rows.length; first < end; ) {
    const middle = (first + end) >> 1;
    if (rows[middle].getBoundingClientRect().bottom > top) end = middle;
    else first = middle + 1;
  }
  const found = [];
  for (let turn = first; turn < rows.length; turn += 1) {
    const box = rows[turn].getBoundingClientRect();
    if (box.top >= bottom) break;
    found.push([rows[turn], box.top]);
  }
  return found;
}

// What came to a hidden page was not read by that.
function markRead() {
  following = true;
  if (document.hidden) return;
  unread = 0;
  toYou = null;
  if (!moreButton.hidden) moreButton.hidden = true; // to set it is dear, though it changes nothing
}

// The event comes after its scroll, when a bar may have come up or a keyboard: what moved the end then was nobody's hand.
scroller.addEventListener('scroll', () => {
  const { scrollTop, scrollHeight, clientHeight } = scroller;
  const resized = seen.scrollHeight !== scrollHeight || seen.clientHeight !== clientHeight;
  seen = { scrollHeight, clientHeight };
  if (scrollHeight - scrollTop - clientHeight < END_PX) markRead();
  else if (resized) stayAtEnd();
  else following = false;
}, { passive: true });

moreButton.addEventListener('click', () => {
  const row = toYou;
  if (!row?.isConnected) {
    scrollToEnd();
    scroller.focus();
    return;
  }
  unread = 0;
  toYou = null;
  moreButton.hidden = true;
  scrollToRow(row);
});

// What was written to you meanwhile, and stands higher than what is in view.
document.addEventListener('visibilitychange', () => {
  if (document.hidden || !following || !unread) return;
  const above = toYou?.isConnected && toYou.getBoundingClientRect().top < scroller.getBoundingClientRect().top;
  if (above) showMore();
  else markRead();
});

// Whether anything is said here decides what else is shown: not every browser's style sheet can ask for it.
function markSpoken() {
  const spoken = scroller.querySelector('.message') !== null;
  if (scroller.classList.contains('spoken') === spoken) return;
  scroller.classList.toggle('spoken', spoken);
  stayAtEnd();
}

new MutationObserver(markSpoken).observe(scroller, { childList: true, subtree: true });

// A raised keyboard or a growing field takes room from below: the end stays in sight.
new ResizeObserver(stayAtEnd).observe(scroller);
