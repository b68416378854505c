// An empty place: how far you look, its button to look further, and the notification when someone arrives.

import { gettext, ngettext } from '../page/gettext.js';
import { countOnBadge, notify } from '../page/notification.js';
import { formatMetres } from '../page/units.js';
import { focusRadius } from '../place/dial-drawer.js';
import { onRadius, requestRadius } from '../place/reach.js';
import { stayAtEnd } from '../chat/scroll.js';
import { announceUnlessOther } from '../page/title.js';
import { onPeople } from './listing.js';

const MARKS_M = [100, 200, 500, 1000, 2000];

const field = document.getElementById('text');
const words = field.placeholder;
let alone = null;

function updateCount({ count }) {
  document.getElementById('nobody').hidden = count > 0;
  field.placeholder = count ? words : field.dataset.alone;
  if (alone && count) announceArrival(count);
  alone = !count;
  stayAtEnd();
}

function announceArrival(count) {
  announceUnlessOther(gettext('Someone is near'));
  countOnBadge();
  notify('arrival', gettext('Someone is near'), ngettext('{count} person is near.', '{count} people are near.', count));
}

document.getElementById('scroller').addEventListener('click', ({ target }) => {
  const button = target.closest('.nobody button');
  if (button?.id === 'further') {
    focusRadius(); // the button goes with the answer
    requestRadius(Number(button.dataset.radius));
  }
});

function updateRadius(radius) {
  const next = MARKS_M.find((mark) => mark > radius) ?? 0;
  const [reach, further, last] = [radius, next, MARKS_M.at(-1)].map(formatMetres);
  const says = { reach, further, last, act: gettext('Look within {distance}', { distance: further }) };
  const shows = { further: next > 0, last: next > 0 && next < MARKS_M.at(-1), end: next === 0 };
  const place = document.getElementById('nobody');
  for (const word of place.querySelectorAll('[data-says]')) word.textContent = says[word.dataset.says];
  for (const part of place.querySelectorAll('[data-where]')) part.toggleAttribute('hidden', !shows[part.dataset.where]);
  const button = document.getElementById('further');
  if (button) button.dataset.radius = String(next);
}

onPeople(updateCount);
onRadius(updateRadius);
