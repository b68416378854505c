// The published place: the cell, radius and roughness that the server was told, kept in this tab's session storage and broadcast to
// the other tabs. It never holds a position, and of an area nothing but its middle cell.

import { callAll } from '../page/listeners.js';
import { loadJson, removeText, saveJson } from '../page/storage.js';
import { onPost, post } from '../page/tabs.js';
import { call, refusalIn, succeeded } from '../server/http.js';
import { asksForWork, canWork, work } from '../server/price.js';
import { hint, isCell, publishedCell, publishedPoint } from './geohash.js';

const KEY = 'neartalk.place';
const RADIUS_DEFAULT_M = 500;
const TURNS = 4; // a name that is refused, and work that came late or while the price rose
const FAILED = { done: false, retryAfter: 0, refusal: null, cookiesRefused: false };

const listeners = [];
const choiceListeners = [];
let place = load();
let choice = null; // a roughness that waits for the next fix
let over = false;
let queue = Promise.resolve();

onPost((data) => {
  if (data.ask) broadcast();
  else if ('choice' in data) applyChoice(data.choice);
  else if (isCell(data.cell)) applyPlace(data);
});

export function currentPlace() {
  return place;
}

/** 'block' or 'area': as it was told last, or as the page came with it. */
export function currentRoughness() {
  return (place ? place.roughness : chosenRoughness()) ?? 'block';
}

/** What the choice on the page says, if it has one. */
export function chosenRoughness() {
  return document.querySelector('[name="roughness"]:checked')?.value;
}

/** The roughness that is published with the next cell, or null. */
export function pendingRoughness() {
  return choice;
}

/** Has a roughness wait for the next cell, in every tab: of an area no block can be made. Null takes that back. */
export function setPendingRoughness(roughness) {
  applyChoice(roughness);
  post({ choice });
}

/** Calls back when a choice waits in this tab or another, or no longer does. */
export function onPendingRoughness(listener) {
  choiceListeners.push(listener);
}

export function currentRadiusM() {
  // The page holds what the server sent last; another tab may have changed it.
  const shown = document.getElementById('reach-output')?.dataset.radius;
  return Number(shown) || place?.radius || RADIUS_DEFAULT_M;
}

/** Calls back with each new place {cell, radius, roughness?}, whichever tab published it; a block is not named. */
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
 * Publishes a cell's centre with a radius in metres and a roughness, which default to the current ones: of an area the middle cell,
 * and no finer one leaves the device. With a cell goes the roughness that waited for one. `fresh` starts a session first, which is also done when the server knows none. Resolves to {done, retryAfter, refusal, cookiesRefused}, retryAfter in seconds;
 * never rejects.
 */
export function publish({ cell, radius, roughness, fresh = false } = {}) {
  // In sequence: an older place that waited for its session must not arrive after a newer one.
  queue = queue
    .then(() => {
      const waited = cell ? choice : null;
      const rough = roughness ?? waited ?? currentRoughness();
      const wanted = { cell: publishedCell(cell ?? place.cell, rough), radius: radius ?? currentRadiusM(), roughness: rough };
      return publishNow(wanted, { fresh, chosen: Boolean(roughness ?? waited) });
    })
    .catch((error) => {
      reportError(error);
      return FAILED;
    });
  return queue;
}

async function publishNow(wanted, { fresh, chosen }) {
  if (over) return FAILED;
  let answer = fresh ? null : await updateLocation(wanted, chosen);
  const anew = !answer || answer.status === 401;
  if (anew) {
    const made = await createSession(wanted.roughness);
    if (!succeeded(made)) return outcome(made);
    answer = await updateLocation(wanted, false);
    if (answer.status === 401) return { ...FAILED, cookiesRefused: true }; // its cookie did not come back
  }
  if (succeeded(answer)) {
    applyPlace({ ...wanted, radius: narrowedRadius(answer) ?? wanted.radius });
    broadcast();
    if (anew) document.dispatchEvent(new Event('neartalk:session'));
  }
  return outcome(answer);
}

// A new session keeps the name that the page shows, if the server accepts it. It costs work where many came from this network.
async function createSession(roughness) {
  const username = document.getElementById('self')?.dataset.name;
  let values = { ...(username && { username }), ...(roughness === 'area' && { roughness }) };
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

// A session keeps how rough it is, so that only a choice is sent.
function updateLocation({ cell, radius, roughness }, chosen) {
  const { lat, lon } = publishedPoint(cell);
  // `near` routes the request to the process that holds the sockets of this place.
  return call('POST', `/api/location/update?near=${hint(cell)}`, { lat, lon, radius, ...(chosen && { roughness }) });
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

function applyChoice(roughness) {
  choice = roughness;
  callAll(choiceListeners, choice);
}

function applyPlace({ cell, radius, roughness }) {
  if ((roughness ?? 'block') === choice) choice = null;
  place = { cell: publishedCell(cell, roughness), radius, ...(roughness === 'area' && { roughness }) };
  saveJson(KEY, place);
  callAll(listeners, place);
}

function broadcast() {
  if (place) post(place);
}

// Where another tab chose since, the page came with that: of what it kept only an area can be made.
function load() {
  const kept = loadJson(KEY);
  if (!isCell(kept?.cell)) return null;
  const told = document.getElementById('self') ? chosenRoughness() : kept.roughness;
  if (told === 'area') return { ...kept, cell: publishedCell(kept.cell, told), roughness: told };
  return kept.roughness ? null : kept;
}
