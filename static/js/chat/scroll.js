// Scroll position of the conversation: it follows the end while you are there, and stands still while you read back.

const END_PX = 48;

const scroller = document.getElementById('scroller');
const list = document.getElementById('messages');
const moreButton = document.getElementById('more');
let following = true;
let seen = { scrollHeight: 0, clientHeight: 0 };
let unread = 0;

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

/** Adds to the count of messages below the visible part. */
export function addUnread(number) {
  if (following || !number) return;
  unread += number;
  moreButton.textContent = unread === 1 ? '1 new message' : `${unread} new messages`;
  moreButton.hidden = false;
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

function markRead() {
  following = true;
  unread = 0;
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
  scrollToEnd();
  scroller.focus();
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
