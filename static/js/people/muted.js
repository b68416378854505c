// Whom you muted for yourself: their messages fold away on this page for the visit, over a reload too. Nobody is told.

import { callAll } from '../page/listeners.js';
import { loadJson, removeText, saveJson } from '../page/storage.js';

const KEY = 'neartalk.muted';

const kept = loadJson(KEY);
const people = new Set(Array.isArray(kept) ? kept.filter((id) => typeof id === 'string') : []);
const listeners = [];

export function isMuted(id) {
  return people.has(id);
}

export function setMuted(id, muted) {
  if (muted) people.add(id);
  else people.delete(id);
  saveJson(KEY, [...people]);
  callAll(listeners, id);
}

/** Calls back with the id of whoever was muted, or no longer is. */
export function onMute(listener) {
  listeners.push(listener);
}

// Another visit is another person, who muted nobody.
document.addEventListener('neartalk:session', () => {
  people.clear();
  removeText(KEY);
});
