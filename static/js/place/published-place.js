// The published place: the cell and radius that the server knows, kept in this tab's session storage and broadcast to the
// other tabs. It never holds a position.

import { callAll } from '../page/listeners.js';
import { loadJson, removeText, saveJson } from '../page/storage.js';
import { onPost, post } from '../page/tabs.js';
import { call, refusalIn, succeeded } from '../server/http.js';
import { asksForWork, canWork, work } from '../server/price.js';
import { hint, isCell, publishedPoint } from './geohash.js';

const KEY = 'neartalk.place';
const RADIUS_DEFAULT_M = 500;
const TURNS = 4; // a name that is refused, and work that came late or while the price rose
const FAILED = { done: false, retryAfter: 0, refusal: null, cookiesRefused: false };

const listeners = [];
let place = load();
let over = false;
let queue = Promise.resolve();

onPost((data) => {
  if (data.ask) broadcast();
  else if (isCell(data.cell)) applyPlace(data);
});

export function currentPlace() {
  return place;
}

export function currentRadiusM() {
  // The page holds what the server sent last; another tab may have changed it.
  const shown = document.getElementById('reach-output')?.dataset.radius;
  return Number(shown) || place?.radius || RADIUS_DEFAULT_M;
}

/** Calls back with each new place {cell, radius}, whichever tab published it. */
export function onPlace(listener) {
  listeners.push(listener);
}

/** Asks the other tabs for their place; it arrives as if it had been published. */
export function askTabs() {
  post({ ask: true });
}

/** Ends it with the visit: nothing is published any more, since that would begin another one. */
export function clearPlace() {
  place = null;
  over = true;
  removeText(KEY);
}

/**
 * Publishes a cell's centre with a radius in metres; both default to the current ones. `fresh` starts a session first, which
 * is also done when the server knows none. Resolves to {done, retryAfter, refusal, cookiesRefused}, retryAfter in seconds;
 * never rejects.
 */
export function publish({ cell, radius, fresh = false } = {}) {
  // In sequence: an older place that waited for its session must not arrive after a newer one.
  queue = queue
    .then(() => publishNow(cell ?? place.cell, radius ?? currentRadiusM(), fresh))
    .catch((error) => {
      reportError(error);
      return FAILED;
    });
  return queue;
}

async function publishNow(cell, radius, fresh) {
  if (over) return FAILED;
  let answer = fresh ? null : await updateLocation(cell, radius);
  const anew = !answer || answer.status === 401;
  if (anew) {
    const made = await createSession();
    if (!succeeded(made)) return outcome(made);
    answer = await updateLocation(cell, radius);
    if (answer.status === 401) return { ...FAILED, cookiesRefused: true }; // its cookie did not come back
  }
  if (succeeded(answer)) {
    applyPlace({ cell, radius: narrowedRadius(answer) ?? radius });
    broadcast();
    if (anew) document.dispatchEvent(new Event('neartalk:session'));
  }
  return outcome(answer);
}

// A new session keeps the name that the page shows, if the server accepts it. It costs work where many came from this network.
async function createSession() {
  const username = document.getElementById('self')?.dataset.name;
  let values = username ? { username } : {};
  let made = await call('POST', '/api/session/create', values);
  for (let turn = 0; turn < TURNS && !succeeded(made); turn += 1) {
    if (asksForWork(refusalIn(made))) {
      const altcha = canWork() ? await work() : null;
      if (altcha === null || over) return made;
      values = altcha ? { ...values, altcha } : values;
    } else if (made.status === 422 && values.username) {
      delete values.username; // the work is not spent
    } else return made;
    made = await call('POST', '/api/session/create', values);
  }
  return made;
}

function updateLocation(cell, radius) {
  const { lat, lon } = publishedPoint(cell);
  // `near` routes the request to the process that holds the sockets of this place.
  return call('POST', `/api/location/update?near=${hint(cell)}`, { lat, lon, radius });
}

// The slider gets this header as an htmx event; it is read here so that the next publish does not ask for too much again.
function narrowedRadius(xhr) {
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
    cookiesRefused: refusal?.dataset.code === 'csrf' && !keepsCookies(),
  };
}

// The page came with the cookie that its token belongs to.
function keepsCookies() {
  try {
    return document.cookie.includes('csrftoken=');
  } catch {
    return false;
  }
}

function applyPlace({ cell, radius }) {
  place = { cell, radius };
  saveJson(KEY, place);
  callAll(listeners, place);
}

function broadcast() {
  if (place) post(place);
}

function load() {
  const kept = loadJson(KEY);
  return isCell(kept?.cell) ? kept : null;
}
