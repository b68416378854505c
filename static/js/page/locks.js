// Locks between the tabs of this browser (Web Locks API). Where it has none, or keeps them from this page as it keeps storage,
// each tab does as if it were the only one.

/** Takes a lock from whoever holds it; returns a function that releases it. */
export function hold(name) {
  let release = () => {};
  const held = new Promise((resolve) => (release = resolve));
  request(name, { steal: true }, () => held).catch(() => {}); // refused, or taken by another tab
  return release;
}

/** The same beside others who hold it so. */
export function holdShared(name) {
  let release = () => {};
  const held = new Promise((resolve) => (release = resolve));
  request(name, { mode: 'shared' }, () => held).catch(() => {}); // refused
  return release;
}

/** Whether a tab holds a lock. */
export async function isHeld(name) {
  try {
    return (await navigator.locks.query()).held.some((lock) => lock.name === name);
  } catch {
    return false;
  }
}

/**
 * Calls back once the lock is free, or at once where there are no locks; callback() returns a promise that holds it until it
 * resolves. `signal` ends the wait.
 */
export function whenFree(name, signal, callback) {
  let free = false;
  const run = () => {
    free = true;
    return callback();
  };
  request(name, { signal }, run).catch(() => free || signal.aborted || run());
}

// Some browsers throw at once, others reject.
async function request(name, options, callback) {
  await navigator.locks.request(name, options, callback);
}
