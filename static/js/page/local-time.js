// Rewrites the end of a ban or mute into the reader's time zone: the server knows only UTC, and writes it into its sentence.

const LANGUAGE = document.documentElement.lang || 'en';
// Of their country, where the page is in a language of theirs.
const LOCALE = navigator.languages.find((one) => one.split('-')[0] === LANGUAGE.split('-')[0]) ?? LANGUAGE;

export function localise(notice) {
  const { until, day } = notice.dataset;
  if (!until || !day) return notice;
  const why = notice.querySelector('.why');
  const words = new Date(Number(until)).toLocaleString(LOCALE, { dateStyle: 'long', timeStyle: 'short' });
  why.textContent = why.textContent.replace(`${day} UTC`, () => words);
  return notice;
}
