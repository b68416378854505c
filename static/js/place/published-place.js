// The published place: the cell, radius and roughness that the server was told, kept in this tab's session storage and broadcast to
// the other tabs. It never holds a position, and of an area nothing but its middle cell.

import { callAll } from '../page/listeners.js';
import { loadJson, removeText, saveJson } from '../page/storage.js';
import { onPost, post } from '../page/tabs.js';
import { call, refusalIn, succeeded } from '../server/http.js';
import { createSession } from '../server/new-session.js';
import { hint, isCell, publishedCell, publishedPoint } from './geohash.js';

const KEY = 'neartalk.place';
const RADIUS_DEFAULT_M = 500;
const FAILED = { done: false, retryAfter: 0, refusal: null, cookiesRefused: false };

const listeners = [];
const choiceListeners = [];
const waitListeners = [];
let place = load();
let choice = null; // a roughness that waits for the next fix
let over = false;
let queue = Promise.resolve();

onPost((data) => {
  if (data.ask) broadcast();
  else if ('choice' in data) applyChoice(data.choice);
  else if ('effectiveIn' in data) callAll(waitListeners, data.effectiveIn);
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

/** Calls back with the seconds until the place holds that was published last, by whichever tab; 0 where it does. */
export function onWait(listener) {
  waitListeners.push(listener);
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
 * and no finer one leaves the device. With a cell goes the roughness that waited for one. `fresh` starts a session first, which is
 * also done when the server knows none. Resolves to {done, retryAfter, refusal, cookiesRefused}, retryAfter in seconds; never
 * rejects.
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
    const made = await createSession(wanted.roughness, () => over);
    if (!succeeded(made)) return outcome(made);
    answer = await updateLocation(wanted, false);
    if (answer.status === 401) return { ...FAILED, cookiesRefused: true }; // its cookie did not come back
  }
  if (succeeded(answer)) {
    applyPlace({ ...wanted, radius: eventIn(answer, 'radius-narrowed')?.radius ?? wanted.radius });
    broadcast();
    const effectiveIn = eventIn(answer, 'place-pending')?.effective_in ?? 0;
    callAll(waitListeners, effectiveIn);
    post({ effectiveIn });
    if (anew) document.dispatchEvent(new Event('neartalk:session'));
  }
  return outcome(answer);
}

// A session keeps how rough it is, so that only a choice is sent.
function updateLocation({ cell, radius, roughness }, chosen) {
  const { lat, lon } = publishedPoint(cell);
  // `near` routes the request to the process that holds the sockets of this place.
  return call('POST', `/api/location/update?near=${hint(cell)}`, { lat, lon, radius, ...(chosen && { roughness }) });
}

// htmx dispatches these events too, but what is not in an answer says something as well.
function eventIn(xhr, name) {
  try {
    return JSON.parse(xhr.getResponseHeader('HX-Trigger'))?.[name];
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
