// Rewrites the end of a ban or mute into the reader's time zone: the server knows only UTC.

const UTC = /\d+ \w+ \d{4}, \d\d:\d\d UTC/;

export function localise(notice) {
  const until = new Date(Number(notice.dataset.until));
  const why = notice.querySelector('.why');
  const words = until.toLocaleString(undefined, { dateStyle: 'long', timeStyle: 'short' });
  if (notice.dataset.until) why.textContent = why.textContent.replace(UTC, words);
  return notice;
}
