// Voice settings in this tab's session storage: enough to resume its calls after a reload, your door, and the volume of each person.

import { now, serverNow } from '../server/clock.js';
import { loadJson, loadText, saveJson } from '../page/storage.js';

const KEY = 'neartalk.voice';
const VOLUMES_MAX = 200; // people: those whose volume was set last
const BACK_MS = 60_000; // a tab that is opened again tomorrow must not speak by itself
const DEFAULTS = { policy: 'relay', door: '', muted: false, deaf: false, falls: false, signals: true };
const NOTHING = { joined: false, seen: 0, ...DEFAULTS, input: '', output: '', volumes: {} };

const stored = loadJson(KEY);
export const saved = { ...NOTHING, ...stored };
export const wasStored = stored !== null; // before this page

const loadedAt = now();
let written = stored !== null;

export function save(changes) {
  Object.assign(saved, changes);
  if (written && loadText(KEY) === null) return; // leaving has cleared this tab, and nothing of it may be written again
  written = saveJson(KEY, saved) || written;
}

// Another visit is another person: who may come in is asked anew.
document.addEventListener('neartalk:session', () => saved.door && save({ door: '' }));

/** Stores that this page is in voice now, so that the next one knows how long ago it was. */
export function touch() {
  save({ seen: serverNow() });
}

/** Whether this tab was in voice within the minute before this page. The server's time must be known. */
export function wasJoinedRecently() {
  return saved.joined && serverNow() - (now() - loadedAt) - saved.seen < BACK_MS;
}

/** The volume of a person: {volume: 0 to 150, hushed, anyway}; anyway: although they are in one room with you. */
export function volumeOf(id) {
  return saved.volumes[id] ?? { volume: 100, hushed: false, anyway: false };
}

export function setVolume(id, changes) {
  const { [id]: _, ...others } = saved.volumes;
  const kept = Object.entries(others).slice(1 - VOLUMES_MAX);
  save({ volumes: { ...Object.fromEntries(kept), [id]: { ...volumeOf(id), ...changes } } });
}
