// The server's signals: <data> elements that stand for facts, not for anything to see.

const listeners = {};

/** Calls back with the dataset of each signal of that name. */
export function on(name, listener) {
  (listeners[name] ??= []).push(listener);
}

// Read before htmx would draw them: one frame may hold several lots, and their order counts.
document.addEventListener('htmx:oobBeforeSwap', ({ target, detail }) => {
  if (target.id !== 'signals') return;
  detail.shouldSwap = false;
  for (const signal of [...detail.fragment.children]) {
    listeners[signal.className]?.forEach((listener) => listener(signal.dataset));
  }
});
