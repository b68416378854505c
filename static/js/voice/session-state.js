// What this tab remembers of voice: enough to be back in its calls after a reload, and how loud you set whom.

const KEY = 'neartalk.voice';
const BACK_MS = 60_000; // a tab that is opened again tomorrow must not speak by itself
const NOTHING = { joined: false, seen: 0, policy: 'relay', muted: false, deaf: false, falls: false, input: '', output: '', volumes: {} };

const before = read();
export const kept = { ...NOTHING, ...before };

let written = before !== null;

export function keep(changes) {
  Object.assign(kept, changes);
  if (written && sessionStorage.getItem(KEY) === null) return; // leaving has emptied this tab: nothing comes back
  sessionStorage.setItem(KEY, JSON.stringify(kept));
  written = true;
}

/** Said while in voice, so that the next page knows how long ago that was. */
export function stamp() {
  keep({ seen: Date.now() });
}

/** Whether this page was in voice a moment ago. */
export function wasIn() {
  return kept.joined && Date.now() - kept.seen < BACK_MS;
}

/** How loud somebody is for you: {volume, hushed}. */
export function volumeOf(id) {
  return kept.volumes[id] ?? { volume: 100, hushed: false };
}

export function setVolume(id, changes) {
  keep({ volumes: { ...kept.volumes, [id]: { ...volumeOf(id), ...changes } } });
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}
