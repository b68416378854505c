// Signals from the server: invisible <data> elements in a frame, dispatched to listeners by name.

import { callAll } from '../page/listeners.js';

const listeners = {};

/**
 * Calls back with the dataset of each signal of that name, and its element, which may hold more. Listeners run in the order of the
 * frame.
 */
export function on(name, listener) {
  (listeners[name] ??= []).push(listener);
}

// Dispatched before htmx would swap them: one frame may hold several, and their order matters.
document.addEventListener('htmx:oobBeforeSwap', ({ target, detail }) => {
  if (target.id !== 'signals') return;
  detail.shouldSwap = false;
  for (const signal of [...detail.fragment.children]) {
    callAll(listeners[signal.className] ?? [], signal.dataset, signal);
  }
});
