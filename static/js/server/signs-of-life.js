// Signs of life of the page: somebody is there again, the network is back, or the device woke up. Then sockets need not wait.

import { callAll } from '../page/listeners.js';
import { onJump } from './clock.js';

const listeners = [];

/** Calls back with whether the device may have slept or changed its network; a touch or a key alone does not say so. */
export function onSignOfLife(listener) {
  listeners.push(listener);
}

const wake = () => document.hidden || callAll(listeners, true);
const touch = () => callAll(listeners, false);

for (const name of ['online', 'pageshow', 'focus']) window.addEventListener(name, wake);
for (const name of ['visibilitychange', 'resume']) document.addEventListener(name, wake);
for (const name of ['pointerdown', 'keydown']) document.addEventListener(name, touch, { capture: true, passive: true });
onJump(() => callAll(listeners, true));
