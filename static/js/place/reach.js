// The reach slider: shows each stop at once and publishes the one it rests on for 250 ms.

import { clearAlert, showAlert } from '../page/alerts.js';
import { gettext } from '../page/gettext.js';
import { callAll } from '../page/listeners.js';
import { countMetres, formatMetres, nameDistance } from '../page/units.js';
import { renderEdge } from '../people/dial.js';
import { onPeople } from '../people/listing.js';
import { currentPlace, onPlace, publish } from './published-place.js';
import { showRefusal } from '../page/refusal.js';
import { setTitle } from '../page/title.js';

const REST_MS = 250;

const UNANSWERED = { title: gettext('The distance did not change.'), words: gettext('NearTalk did not answer.'), label: gettext('Try again') };

const slider = document.getElementById('radius');
const output = document.getElementById('reach-output');
const stops = slider.dataset.stops.split(' ').map(Number);
const listeners = [];
let shownM = Number(output.dataset.radius);
let dragging = false;
let timer = 0;
let turn = 0; // of publishing: only the last one is told of

/** Calls back with the reach in metres: now, and whenever another one is shown. */
export function onRadius(listener) {
  listeners.push(listener);
  listener(shownM);
}

function stopOf(radiusM) {
  return Math.max(0, stops.findLastIndex((stop) => stop <= radiusM));
}

function render(radiusM, stop) {
  output.textContent = formatMetres(radiusM);
  slider.setAttribute('aria-valuetext', nameDistance(radiusM));
  for (const mark of document.querySelectorAll('.scale li')) mark.classList.toggle('here', Number(mark.dataset.stop) === stop);
  setTitle(gettext('Near, {distance}', { distance: formatMetres(radiusM) }));
}

// Every other mark stands between two that name the unit.
function renderScale() {
  for (const mark of document.querySelectorAll('.scale li')) {
    const metres = stops[mark.dataset.stop];
    mark.textContent = mark.hasAttribute('data-bare') ? countMetres(metres) : formatMetres(metres);
  }
}

function showRadius(radiusM) {
  slider.value = String(stopOf(radiusM));
  render(radiusM, stopOf(radiusM));
  renderEdge(radiusM);
  if (radiusM === shownM) return;
  shownM = radiusM;
  callAll(listeners, radiusM);
}

// Applies what the server holds, also while a thumb decides otherwise.
function applyRadius(radiusM) {
  output.dataset.radius = String(radiusM); // another tab's, or ours before it is drawn
  if (!dragging) showRadius(radiusM);
}

function onDrag() {
  dragging = true;
  clearAlert('reach');
  render(stops[slider.value], Number(slider.value));
  renderEdge(stops[slider.value]); // the people's rings wait for the server, the edge follows the thumb
}

function schedulePublish() {
  clearTimeout(timer);
  timer = setTimeout(publishRadius, REST_MS);
}

async function publishRadius() {
  if (!currentPlace()) {
    dragging = false;
    showAlert('reach', { title: gettext('Your place is not known yet.'), words: gettext('The distance changes as soon as your device has found itself.') });
    return;
  }
  const radius = stops[slider.value];
  dragging = false; // what comes now is the answer
  slider.setAttribute('aria-busy', 'true');
  turn += 1;
  const mine = turn;
  const { done, refusal } = await publish({ radius });
  if (mine !== turn) return;
  slider.removeAttribute('aria-busy');
  if (done || dragging) return;
  if (refusal) showRefusal(refusal);
  else showAlert('reach', { ...UNANSWERED, run: () => requestRadius(radius) });
  showRadius(currentPlace().radius);
}

/** Moves the slider as a hand would. */
export function requestRadius(radiusM) {
  slider.value = String(stopOf(radiusM));
  onDrag();
  schedulePublish();
}

slider.addEventListener('input', onDrag);
slider.addEventListener('change', schedulePublish);
onPlace(({ radius }) => applyRadius(radius));

document.addEventListener('radius-narrowed', ({ detail }) => {
  dragging = false;
  showRadius(detail.radius);
  showAlert('reach', {
    title: gettext('The distance is {distance} here.', { distance: formatMetres(detail.radius) }),
    words: gettext('So far from the equator a wider circle holds more places than NearTalk can watch for one person.'),
  });
});

onPeople(({ whole, radius }) => whole && applyRadius(radius));
renderScale();
showRadius(shownM);
