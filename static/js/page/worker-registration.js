// The service worker of this site: registered once the page is live, and asked for notifications. It keeps nothing that anybody
// said. Where a browser has none, or forbids it, the page works without.

import { now } from '../server/clock.js';
import { on } from '../server/signals.js';
import { callAll } from './listeners.js';

const ASK_AGAIN_MS = 600_000; // an update comes with a restart of the server, and with it a new socket

const listeners = [];

let registering = null;
let askedAt = -Infinity;

/** Resolves to the registration with an active worker, or to null. */
export function registration() {
  registering ??= register();
  return registering;
}

/** Calls back when the server has another page than this one. */
export function onUpdate(listener) {
  listeners.push(listener);
}

/** Sends the active worker an object; whether it was there. */
export async function postToWorker(message) {
  const active = (await registration())?.active;
  active?.postMessage(message);
  return Boolean(active);
}

async function register() {
  try {
    const found = await navigator.serviceWorker.register('/service-worker.js', { scope: '/', updateViaCache: 'none' });
    found.addEventListener('updatefound', () => watch(found.installing));
    return await activated(found);
  } catch {
    return null;
  }
}

function activated(found) {
  const worker = found.active ?? found.waiting ?? found.installing;
  if (worker.state === 'activated') return found;
  return new Promise((resolve) => {
    worker.addEventListener('statechange', () => {
      if (worker.state === 'activated') resolve(found);
      if (worker.state === 'redundant') resolve(null);
    });
  });
}

// The first worker of a device is no update.
function watch(worker) {
  if (!navigator.serviceWorker.controller) return;
  worker.addEventListener('statechange', () => worker.state === 'activated' && callAll(listeners));
}

on('welcome', async () => {
  const found = await registration();
  if (now() - askedAt < ASK_AGAIN_MS) return;
  const first = askedAt === -Infinity;
  askedAt = now();
  if (!first) found?.update().catch(() => {}); // offline again: the next one asks
});
