// The switches of notifications (_notifications.html), and the offer that is made once, after your first message. What keeps them
// from working is said in words, and how to mend it: where that is your own choice, it is offered to you no more.

import { on } from '../server/signals.js';
import { choices, choose, chosen } from './choices.js';
import { gettext } from './gettext.js';
import { askPermission, closeAll, obstacle } from './notification.js';
import { isReached, onReached, updatePush } from './push.js';

const WORDS = {
  off: '',
  on: gettext('You get a notification while this page stays open.'),
  reached: gettext('You get a notification until your visit ends, also while this page sleeps. Others see that you are away then.'),
  blocked: gettext('Your browser blocks it. Open the site settings, left of the address, and allow notifications.'),
  install: gettext('On an iPhone, add NearTalk to your home screen first: Share, then Add to Home Screen. Open it there, and turn this on.'),
  missing: gettext('This browser shows no notifications. The title of this page says it.'),
};
const NEVER_OFFERED = ['blocked', 'missing'];
const FIELDS = { sound: 'notify-sound', buzz: 'notify-buzz', text: 'notify-text' };

const find = (id) => document.getElementById(id);
const offer = find('notify-offer');

function render() {
  const stopped = obstacle();
  const isOn = choices.on && !stopped;
  const isBarred = stopped in WORDS;
  for (const field of [find('notify'), offer.querySelector('input')]) {
    field.checked = isOn;
    field.disabled = isBarred && field !== document.activeElement; // whoever just pressed it keeps their place
  }
  const state = isReached() ? 'reached' : 'on';
  const words = WORDS[isBarred ? stopped : isOn ? state : 'off'];
  offer.querySelector('[data-says="what"]').hidden = isBarred;
  offer.querySelector('[data-says="next"]').hidden = stopped !== 'ask';
  for (const status of [find('notify-status'), offer.querySelector('[role="status"]')]) status.textContent = words;
  find('notify-more').hidden = !isOn;
  find('notify-text').closest('.switch').hidden = !isReached();
  for (const [name, id] of Object.entries(FIELDS)) find(id).checked = choices[name];
}

async function setOn(wanted) {
  await choose({ on: wanted && (await askPermission()), offered: true });
  if (!wanted) closeAll();
  render();
  await updatePush();
}

document.addEventListener('change', ({ target }) => {
  if (target.dataset.notify !== undefined) setOn(target.checked);
  const [name] = Object.entries(FIELDS).find(([, id]) => id === target.id) ?? [];
  if (name) choose({ [name]: target.checked });
  if (name === 'text') updatePush();
});
offer.addEventListener('click', ({ target }) => {
  if (target.closest('button')) offer.hidden = true;
});

// Once on a device, where it makes sense: whoever has said something may be answered.
on('ack', async () => {
  await chosen();
  if (choices.offered || choices.on || NEVER_OFFERED.includes(obstacle())) return;
  choose({ offered: true });
  render();
  offer.hidden = false;
});
document.addEventListener('visibilitychange', () => document.hidden || render()); // after the browser's settings
// Those may lie over the page.
navigator.permissions?.query({ name: 'notifications' }).then((status) => status.addEventListener('change', render)).catch(() => {});
chosen().then(render);
onReached(render);
