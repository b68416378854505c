// Pushes: by what this device is reached while the page sleeps, told to the server for as long as the visit lives. A server that
// sends none, and a browser that takes none, leave notifications to the page while it is open.

import { call, succeeded } from '../server/http.js';
import { on } from '../server/signals.js';
import { choices, chosen } from './choices.js';
import { callAll } from './listeners.js';
import { obstacle } from './notification.js';
import { registration } from './worker-registration.js';

const KEY = document.querySelector('meta[name="push-key"]')?.content ?? ''; // none: this server sends no pushes

const listeners = [];

let reached = false;
let known = ''; // for which visit, in which life of the server's memory, it was told

/** Whether this device is reached while the page sleeps. */
export function isReached() {
  return reached;
}

/** Calls back when that changed. */
export function onReached(listener) {
  listeners.push(listener);
}

/** Tells the server by what this device is reached, as it is chosen now; where nothing is, that it is not. */
export async function updatePush() {
  await chosen();
  const manager = (await registration())?.pushManager;
  if (!manager || obstacle()) return setReached(false);
  try {
    setReached(choices.on ? await publish(manager) : await withdraw(manager));
  } catch {
    setReached(false); // the browser's service takes nobody now
  }
}

async function publish(manager) {
  if (!KEY) return false;
  const { endpoint, keys } = (await subscribed(manager, KEY)).toJSON();
  const { p256dh, auth } = keys;
  return succeeded(await call('post', '/api/push/subscribe', { endpoint, p256dh, auth, text: String(choices.text) }));
}

async function withdraw(manager) {
  const subscription = await manager.getSubscription();
  if (!subscription) return false;
  await subscription.unsubscribe();
  await call('post', '/api/push/unsubscribe');
  return false;
}

// One that was made with another key is of no use: the operator has a new one.
async function subscribed(manager, key) {
  const applicationServerKey = octets(key);
  const before = await manager.getSubscription();
  if (before && same(before.options.applicationServerKey, applicationServerKey)) return before;
  await before?.unsubscribe();
  return manager.subscribe({ userVisibleOnly: true, applicationServerKey });
}

function octets(text) {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
}

function same(buffer, expected) {
  return String(new Uint8Array(buffer ?? [])) === String(expected);
}

function setReached(next) {
  if (reached === next) return;
  reached = next;
  callAll(listeners);
}

// A subscription dies with the session, and with the server's memory.
on('welcome', async ({ epoch, personId }) => {
  const visit = `${personId} ${epoch}`;
  if (known === visit) return;
  known = visit;
  await chosen();
  if (choices.on) updatePush();
});
