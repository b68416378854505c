// Where you read: the conversation follows its end while you are there, and stands still while you read back.

const END_PX = 48;

const scroller = document.getElementById('scroller');
const list = document.getElementById('messages');
const more = document.getElementById('more');
let following = true;
let unread = 0;

/** Runs a change of the list so that what you look at does not move. */
export function keepPlace(change) {
  const seen = following ? [] : visible().map((row) => [row, row.getBoundingClientRect().top]);
  change();
  if (following) {
    toEnd();
    return;
  }
  const [row, top] = seen.find(([row]) => row.isConnected) ?? [];
  if (row) scroller.scrollTop += row.getBoundingClientRect().top - top;
}

/** Stays at the end if you are there: something else in the conversation changed its size. */
export function hold() {
  if (following) toEnd();
}

export function toEnd() {
  scroller.scrollTop = scroller.scrollHeight;
  reached();
}

/** Counts messages that came below what you look at. */
export function arrived(number) {
  if (following || !number) return;
  unread += number;
  more.textContent = unread === 1 ? '1 new message' : `${unread} new messages`;
  more.hidden = false;
}

export function onTop(listener) {
  scroller.addEventListener('scroll', () => atTop() && listener(), { passive: true });
}

/** Also where the conversation fits as a whole. */
export function atTop() {
  return scroller.scrollTop < END_PX;
}

function visible() {
  const top = scroller.getBoundingClientRect().top;
  const bottom = top + scroller.clientHeight;
  return [...list.children].filter((row) => {
    const box = row.getBoundingClientRect();
    return box.bottom > top && box.top < bottom;
  });
}

function reached() {
  following = true;
  unread = 0;
  more.hidden = true;
}

scroller.addEventListener('scroll', () => {
  following = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < END_PX;
  if (following) reached();
}, { passive: true });

more.addEventListener('click', () => {
  toEnd();
  scroller.focus();
});

// A raised keyboard or a growing field takes room from below: the end stays in sight.
new ResizeObserver(hold).observe(scroller);
