// Who is near, as far as the page itself has to act: the ways on from an empty place, telling when someone comes, and a
// focus that stays while the list is drawn anew.

import { isBlocked, onBlock } from './blocks.js';
import { wish } from '../place/reach.js';
import { hold } from '../chat/scroll.js';
import { tell } from '../page/title.js';

const CONFIRM_MS = 4000;

const field = document.getElementById('text');
const words = field.placeholder;
let alone = null;
let focused = ''; // whose row had the focus

function changed() {
  const count = Number(document.getElementById('people-count').dataset.count);
  field.placeholder = count ? words : field.dataset.alone;
  if (alone && count) someoneCame(count);
  alone = !count;
  hold();
}

function someoneCame(count) {
  const button = document.getElementById('tell');
  if (button.getAttribute('aria-pressed') !== 'true') return;
  press(button, false, '');
  tell('Someone is near');
  if (document.hidden) notify(count === 1 ? '1 person is in your reach.' : `${count} people are in your reach.`);
}

// Phones allow notifications from a service worker only and throw here; the title says it as well.
function notify(body) {
  if (!('Notification' in window) || Notification.permission !== 'granted') return;
  try {
    const notification = new Notification('Someone is near', { body, tag: 'neartalk', icon: '/static/icons/neartalk-192.png' });
    notification.onclick = () => {
      window.focus();
      notification.close();
    };
  } catch {
    tell('Someone is near');
  }
}

function press(button, pressed, sentence) {
  button.setAttribute('aria-pressed', String(pressed));
  document.getElementById('told').textContent = sentence;
}

async function askToTell(button) {
  if (button.getAttribute('aria-pressed') === 'true') return press(button, false, '');
  const allowed = 'Notification' in window && (await Notification.requestPermission()) === 'granted';
  press(button, true, allowed ? 'You get a notification while this page stays open.' : 'This page’s title will say it. Keep it open.');
}

async function share() {
  const url = `${location.origin}/`;
  if (navigator.share) {
    await navigator.share({ title: 'NearTalk', text: 'Talk with me on NearTalk, right here.', url }).catch(() => {});
    return;
  }
  const copied = await navigator.clipboard?.writeText(url).then(() => true, () => false);
  const said = document.getElementById('told');
  said.textContent = copied ? 'Link copied.' : `Send this: ${url}`;
  if (copied) setTimeout(() => (said.textContent = ''), CONFIRM_MS);
}

document.getElementById('scroller').addEventListener('click', ({ target }) => {
  const button = target.closest('.nobody button');
  if (button?.id === 'further') {
    document.getElementById('radius').focus(); // the button goes with the answer
    wish(Number(button.dataset.radius));
  }
  if (button?.id === 'share') share();
  if (button?.id === 'tell') askToTell(button);
});
function rows() {
  return [...document.querySelectorAll('#people-list .person-row')];
}

function leaveOut() {
  for (const row of rows()) if (isBlocked(row.dataset.person)) row.remove();
}

function refocus() {
  const row = rows().find(({ dataset }) => dataset.person === focused);
  if (focused) (row?.querySelector('button') ?? document.getElementById('people')).focus({ preventScroll: true });
}

onBlock(leaveOut);
document.addEventListener('htmx:oobBeforeSwap', ({ target }) => {
  if (target.id === 'people-list') focused = document.activeElement.closest('.person-row')?.dataset.person ?? '';
});
document.addEventListener('htmx:oobAfterSwap', ({ target }) => {
  if (target.id === 'people-list') {
    leaveOut();
    refocus();
  }
  changed();
});
changed();
