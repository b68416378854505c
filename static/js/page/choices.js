// What was chosen on this device of notifications, where the service worker reads it too, until a visit is left: nothing of anybody.

const CACHE = 'neartalk-choices';
const ADDRESS = '/choices';
const DEFAULTS = { on: false, sound: true, buzz: true, text: false, offered: false };

export const choices = { ...DEFAULTS };

const loading = load();
let saving = loading;

async function load() {
  try {
    const stored = await (await caches.open(CACHE)).match(ADDRESS);
    Object.assign(choices, await stored?.json());
  } catch {
    // Forbidden, or nothing that can be read: as nobody chose anything.
  }
}

/** Resolves once they are known. */
export function chosen() {
  return loading;
}

/** Changes them, and keeps them where the browser lets it. */
export function choose(changes) {
  Object.assign(choices, changes);
  saving = saving.then(save);
  return saving;
}

/** Forgets them, as whoever leaves a device does. */
export function forgetChoices() {
  Object.assign(choices, DEFAULTS);
  saving = saving.then(remove);
  return saving;
}

async function remove() {
  try {
    await caches.delete(CACHE);
  } catch {
    // Nothing was kept.
  }
}

async function save() {
  try {
    await (await caches.open(CACHE)).put(ADDRESS, new Response(JSON.stringify(choices)));
  } catch {
    // They hold for this page.
  }
}
