// The texts of each location error, read from the <template> elements of _troubles.html.

import { formatFar } from '../page/units.js';

/**
 * {kind, title, words, action, steps, href}: steps is a list element for this browser or null, href is set where the action is a
 * link.
 */
export function describeError(kind, accuracyM = 0) {
  const reload = ['missing', 'forbidden'].includes(kind); // what is missing now is so until the page is loaded again
  const source = document.querySelector(`template[data-trouble="${kind}"]`).content.cloneNode(true);
  const accuracy = source.querySelector('[data-accuracy]');
  if (accuracy) accuracy.textContent = formatFar(accuracyM);
  return {
    kind,
    title: source.querySelector('b').textContent,
    words: source.querySelector('p').textContent,
    action: source.querySelector('button').textContent,
    steps: source.querySelector(`[data-for="${browser()}"]`),
    href: kind === 'insecure' ? `https://${location.host}${location.pathname}` : reload ? location.pathname : '',
  };
}

function browser() {
  const agent = navigator.userAgent;
  // An iPad calls itself a Macintosh; Macs have no touch screen.
  if (/iPhone|iPad/.test(agent) || (/Macintosh/.test(agent) && navigator.maxTouchPoints > 1)) return 'ios';
  if (/Android/.test(agent)) return 'android';
  return /Macintosh.*Version\/.*Safari/.test(agent) ? 'safari' : 'other';
}
