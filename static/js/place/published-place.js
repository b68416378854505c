// The published place: a cell and a radius, kept for this tab and told to the others. Never a position.

import { call, refusalIn, succeeded } from '../server/http.js';
import { centre, hint, isCell } from './geohash.js';

const KEY = 'neartalk.place';
const RADIUS_DEFAULT_M = 500;

const tabs = 'BroadcastChannel' in window ? new BroadcastChannel('neartalk') : null;
const listeners = [];
let place = read();
let last = Promise.resolve();

tabs?.addEventListener('message', ({ data }) => {
  if (data.ask) tell();
  else if (isCell(data.cell)) keep(data);
});

export function current() {
  return place;
}

export function radiusM() {
  // What the server said last stands on the page; another tab may have changed it.
  const said = document.getElementById('reach-output')?.dataset.radius;
  return Number(said) || place?.radius || RADIUS_DEFAULT_M;
}

/** Calls back with each new place, whichever tab published it. */
export function onPlace(listener) {
  listeners.push(listener);
}

export function askTabs() {
  tabs?.postMessage({ ask: true });
}

export function forget() {
  place = null;
  sessionStorage.removeItem(KEY);
}

/**
 * Publishes a cell's centre with a radius in metres: by default those that stand. `fresh`: start a session first; it is
 * also done where the server knows none. Resolves to {done, retryAfter, refusal}.
 */
export function publish({ cell, radius, fresh = false } = {}) {
  // One after another: an older place that waited for its session must not come after a newer one.
  last = last.then(() => publishNow(cell ?? place.cell, radius ?? radiusM(), fresh));
  return last;
}

async function publishNow(cell, radius, fresh) {
  let answer = fresh ? null : await update(cell, radius);
  const anew = !answer || answer.status === 401;
  if (anew) {
    const made = await create();
    if (!succeeded(made)) return outcome(made);
    answer = await update(cell, radius);
  }
  if (succeeded(answer)) {
    keep({ cell, radius: narrowed(answer) ?? radius });
    tell();
    if (anew) document.dispatchEvent(new Event('neartalk:session'));
  }
  return outcome(answer);
}

// A new session keeps the name that the page shows, if it may.
async function create() {
  const username = document.getElementById('self')?.dataset.name;
  const made = username ? await call('POST', '/api/session/create', { username }) : null;
  return made && made.status !== 422 ? made : call('POST', '/api/session/create');
}

function update(cell, radius) {
  const { lat, lon } = centre(cell);
  // To the process that the sockets of this place are at: it knows who is there.
  return call('POST', `/api/location/update?near=${hint(cell)}`, { lat, lon, radius });
}

// The event htmx makes of this header tells the slider; here it only keeps the next publish from asking for too much again.
function narrowed(xhr) {
  try {
    return JSON.parse(xhr.getResponseHeader('HX-Trigger'))?.['radius-narrowed']?.radius;
  } catch {
    return undefined;
  }
}

function outcome(xhr) {
  const refusal = succeeded(xhr) ? null : refusalIn(xhr);
  return {
    done: succeeded(xhr),
    retryAfter: Number(refusal?.dataset.retryAfter ?? 0),
    refusal,
  };
}

function keep({ cell, radius }) {
  place = { cell, radius };
  sessionStorage.setItem(KEY, JSON.stringify(place));
  listeners.forEach((listener) => listener(place));
}

function tell() {
  if (place) tabs?.postMessage(place);
}

function read() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY));
    return isCell(kept?.cell) ? kept : null;
  } catch {
    return null;
  }
}
