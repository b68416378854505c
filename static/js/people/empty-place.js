// An empty place: how far you reach, its buttons to reach further, share the link or be notified, and the notification when
// someone arrives.

import { askPermission, notify } from '../page/notification.js';
import { formatMetres } from '../page/units.js';
import { onRadius, requestRadius } from '../place/reach.js';
import { stayAtEnd } from '../chat/scroll.js';
import { announce } from '../page/title.js';
import { onPeople } from './listing.js';

const CONFIRM_MS = 4000;
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
  const button = document.getElementById('notify');
  if (button.getAttribute('aria-pressed') !== 'true') return;
  setPressed(button, false, '');
  announce('Someone is near');
  notify('arrival', 'Someone is near', count === 1 ? '1 person is in your reach.' : `${count} people are in your reach.`);
}

function setPressed(button, pressed, sentence) {
  button.setAttribute('aria-pressed', String(pressed));
  document.getElementById('notify-status').textContent = sentence;
}

async function toggleNotify(button) {
  if (button.getAttribute('aria-pressed') === 'true') return setPressed(button, false, '');
  const allowed = await askPermission();
  setPressed(button, true, allowed ? 'You get a notification while this page stays open.' : 'This page’s title will say it. Keep it open.');
}

async function share() {
  const url = `${location.origin}/`;
  if (navigator.share) {
    await navigator.share({ title: 'NearTalk', text: 'Talk with me on NearTalk, right here.', url }).catch(() => {});
    return;
  }
  const copied = await navigator.clipboard?.writeText(url).then(() => true, () => false);
  const status = document.getElementById('notify-status');
  status.textContent = copied ? 'Link copied.' : `Send this: ${url}`;
  if (copied) setTimeout(() => (status.textContent = ''), CONFIRM_MS);
}

document.getElementById('scroller').addEventListener('click', ({ target }) => {
  const button = target.closest('.nobody button');
  if (button?.id === 'further') {
    document.getElementById('radius').focus(); // the button goes with the answer
    requestRadius(Number(button.dataset.radius));
  }
  if (button?.id === 'share') share();
  if (button?.id === 'notify') toggleNotify(button);
});

function updateRadius(radius) {
  const next = MARKS_M.find((mark) => mark > radius) ?? 0;
  const [reach, further, last] = [radius, next, MARKS_M.at(-1)].map(formatMetres);
  const says = { reach, further, last, act: `Reach ${further}` };
  const shows = { further: next > 0, last: next > 0 && next < MARKS_M.at(-1), end: next === 0 };
  const place = document.getElementById('nobody');
  for (const word of place.querySelectorAll('[data-says]')) word.textContent = says[word.dataset.says];
  for (const part of place.querySelectorAll('[data-where]')) part.toggleAttribute('hidden', !shows[part.dataset.where]);
  const button = document.getElementById('further');
  if (button) button.dataset.radius = String(next);
}

onPeople(updateCount);
onRadius(updateRadius);
