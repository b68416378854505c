// When a ban or a mute ends, in the reader's own time: the server knows no time but UTC.

const UTC = /\d+ \w+ \d{4}, \d\d:\d\d UTC/;

export function localise(notice) {
  const until = new Date(Number(notice.dataset.until));
  const why = notice.querySelector('.why');
  const words = until.toLocaleString(undefined, { dateStyle: 'long', timeStyle: 'short' });
  if (notice.dataset.until) why.textContent = why.textContent.replace(UTC, words);
  return notice;
}
