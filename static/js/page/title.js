// The page's title: where you are, and how many messages came while you looked elsewhere.

let words = document.title;
let missed = 0;
let news = '';

export function name(title) {
  words = title;
  write();
}

export function count(number) {
  if (!document.hidden || !number) return;
  missed += number;
  write();
}

/** Puts one sentence in front until the page is looked at. */
export function tell(sentence) {
  if (!document.hidden) return;
  news = sentence;
  write();
}

function write() {
  document.title = [missed && `(${missed})`, news && `${news}.`, words].filter(Boolean).join(' ');
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  missed = 0;
  news = '';
  write();
});
