// Notifications of the device while the page is hidden, where they are on: one for each subject, shown by the service worker, for
// phones show no others. Whoever notifies says it in the title as well. The badge of an installed page counts what came.

import { choices, chosen, forgetChoices } from './choices.js';
import { on } from '../server/signals.js';
import { holdShared, isHeld, whenFree } from './locks.js';
import { postToWorker, registration } from './worker-registration.js';

const ICON = '/static/icons/neartalk-192.png';
const BUZZ_MS = [80, 60, 80];
// What stays when the page goes: it still leads to the message.
const LASTING = ['reply', 'mention'];
const TOGETHER_MS = 5000;
const SEEN = 'neartalk-seen'; // held by each page that is seen
const SHOWING = 'neartalk-showing';

const shown = new Set(); // subjects
let counted = 0;
let releaseSeen = () => {};

/**
 * What stands between this page and a notification: '' nothing, 'ask' the question of the browser, 'blocked' its answer, 'install'
 * that an iPhone shows them for what stands on its home screen, or 'missing' the browser itself.
 */
export function obstacle() {
  if (navigator.standalone === false && !('Notification' in window)) return 'install';
  if (!('Notification' in window) || !('serviceWorker' in navigator)) return 'missing';
  return { granted: '', denied: 'blocked' }[Notification.permission] ?? 'ask';
}

/** Asks whether notifications are allowed; resolves to whether they are. */
export async function askPermission() {
  return obstacle() === 'ask' ? (await Notification.requestPermission()) === 'granted' : !obstacle();
}

/**
 * Shows it on a hidden page, in place of the one before on that subject: where notifications are on and no other page of this browser
 * is seen, or where it is `wanted` by a switch of its own. A press leads to the page, and to the message `id`. Several tabs show it
 * once.
 */
export async function notify(subject, title, body, { id = '', wanted = false } = {}) {
  if (!document.hidden || obstacle()) return;
  await chosen();
  const found = (wanted || (choices.on && !(await isHeld(SEEN)))) && (await registration());
  if (!found || !document.hidden) return;
  shown.add(subject);
  whenFree(SHOWING, new AbortController().signal, () => show(found, subject, title, { body, data: { id } }));
}

async function show(found, subject, title, { body, data }) {
  const tag = tagOf(subject);
  const open = await found.getNotifications({ tag });
  if (!shown.has(subject) || open.some((one) => isSame(one, { title, body, data }))) return;
  await found.showNotification(title, {
    body,
    tag,
    icon: ICON,
    badge: ICON,
    data,
    renotify: true,
    silent: !choices.sound,
    ...(choices.sound && choices.buzz ? { vibrate: BUZZ_MS } : {}), // a silent one may not
  });
  if (!shown.has(subject)) close([subject]); // taken back meanwhile
}

// By another tab: of one message however late that heard of it.
function isSame(one, { title, body, data }) {
  if (data.id) return one.data?.id === data.id;
  return one.title === title && one.body === body && Date.now() - one.timestamp < TOGETHER_MS;
}

/** Takes it back: what it said holds no more. */
export function closeNotification(subject) {
  if (shown.delete(subject)) close([subject]);
}

/** Counts one more on the badge of an installed page. */
export function countOnBadge() {
  if (!document.hidden) return;
  counted += 1;
  navigator.setAppBadge?.(counted).catch(() => {});
}

/** Takes all back, of pushes too. */
export function closeAll() {
  counted = 0;
  navigator.clearAppBadge?.().catch(() => {});
  shown.clear();
  close();
}

/** Whoever leaves wants none of them, nor pushes. The worker ends what the page has no time for. */
export function forgetNotifications() {
  counted = 0;
  shown.clear();
  postToWorker({ type: 'leave' });
  return forgetChoices();
}

// By the page: the worker may be so late that it takes back what was shown since.
async function close(subjects) {
  const tags = subjects?.map(tagOf);
  const open = await (await registration())?.getNotifications();
  for (const one of open ?? []) if (!tags || tags.includes(one.tag)) one.close();
}

function tagOf(subject) {
  return `neartalk-${subject}`;
}

function updateSeen() {
  releaseSeen();
  releaseSeen = document.hidden ? () => {} : holdShared(SEEN);
  if (!document.hidden) closeAll();
}

// What it says of somebody who asks must not outlive the page that would answer. That has no time for it any more.
window.addEventListener('pagehide', () => {
  const over = [...shown].filter((one) => !LASTING.includes(one));
  for (const subject of over) shown.delete(subject);
  if (over.length) postToWorker({ type: 'close', tags: over.map(tagOf) });
});
document.addEventListener('visibilitychange', updateSeen);
on('welcome', () => document.hidden || updateSeen()); // a page that a press on one of them opened is seen from the start
