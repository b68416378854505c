// Rows that the browser need not style, lay out or draw while they are far away. It remembers how high a row was drawn, so each is
// drawn once before: with a guess what is read would jump on scrolling back. Widths change heights, so all are drawn anew then.

const KEPT = 32;

const list = document.getElementById('messages');
let waiting = []; // not skipped yet
let width = 0;

/** Lets a row be skipped once enough others came after it: marking costs a frame, so many are marked at once. */
export function skipWhenFar(row) {
  waiting.push(row);
  if (waiting.length < 2 * KEPT) return;
  const rows = waiting.splice(0, waiting.length - KEPT);
  requestAnimationFrame(() => requestAnimationFrame(() => markDrawn(rows))); // after a frame that draws them
}

function markDrawn(rows) {
  for (const row of rows) row.classList.add('measured');
}

function onResize([{ contentRect }]) {
  if (contentRect.width === width) return;
  width = contentRect.width;
  waiting = [];
  for (const row of list.children) {
    row.classList.remove('measured');
    skipWhenFar(row);
  }
}

new ResizeObserver(onResize).observe(list);
