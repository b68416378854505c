// The reach slider: shows each stop at once and publishes the one it rests on for 250 ms.

import { clearAlert, showAlert } from '../page/alerts.js';
import { currentPlace, onPlace, publish } from './published-place.js';
import { showRefusal } from '../page/refusal.js';
import { setTitle } from '../page/title.js';

const REST_MS = 250;
const DIAL_START = 28;
const DIAL_STEP = 274 / 9;

const UNANSWERED = { title: 'Your reach did not change.', words: 'NearTalk did not answer.', label: 'Try again' };

const slider = document.getElementById('radius');
const stops = slider.dataset.stops.split(' ').map(Number);
let dragging = false;
let timer = 0;

/** Formats metres: "500 m", "2 km". */
export function formatRadius(radiusM) {
  return radiusM < 1000 ? `${radiusM} m` : `${radiusM / 1000} km`;
}

function stopOf(radiusM) {
  return Math.max(0, stops.findLastIndex((stop) => stop <= radiusM));
}

function render(radiusM, stop) {
  const output = document.getElementById('reach-output');
  output.textContent = formatRadius(radiusM);
  slider.setAttribute('aria-valuetext', `${radiusM} metres`);
  for (const mark of document.querySelectorAll('.scale li')) mark.classList.toggle('here', Number(mark.dataset.stop) === stop);
  setTitle(`Near, ${formatRadius(radiusM)}`);
}

// The people's rings wait for the server; the edge follows the thumb.
function renderEdge(stop) {
  const edge = String(DIAL_START + stop * DIAL_STEP);
  for (const circle of document.querySelectorAll('#dial-rings .field-of-reach, #dial-rings .edge-of-reach')) circle.setAttribute('r', edge);
  document.querySelector('#dial-rings .axis')?.setAttribute('d', `M0 0H${edge}`);
}

function showRadius(radiusM) {
  slider.value = String(stopOf(radiusM));
  render(radiusM, stopOf(radiusM));
}

function onDrag() {
  dragging = true;
  clearAlert('reach');
  render(stops[slider.value], Number(slider.value));
  renderEdge(Number(slider.value));
}

function schedulePublish() {
  clearTimeout(timer);
  timer = setTimeout(publishRadius, REST_MS);
}

async function publishRadius() {
  if (!currentPlace()) {
    dragging = false;
    showAlert('reach', { title: 'Your block is not known yet.', words: 'Your reach changes as soon as your device has found itself.' });
    return;
  }
  const radius = stops[slider.value];
  dragging = false; // what comes now is the answer
  slider.setAttribute('aria-busy', 'true');
  const { done, refusal } = await publish({ radius });
  slider.removeAttribute('aria-busy');
  if (done || dragging) return;
  if (refusal) showRefusal(refusal);
  else showAlert('reach', { ...UNANSWERED, run: () => requestRadius(radius) });
  showRadius(currentPlace().radius);
  renderEdge(stopOf(currentPlace().radius));
}

/** Moves the slider as a hand would. */
export function requestRadius(radiusM) {
  slider.value = String(stopOf(radiusM));
  onDrag();
  schedulePublish();
}

slider.addEventListener('input', onDrag);
slider.addEventListener('change', schedulePublish);
onPlace(({ radius }) => {
  document.getElementById('reach-output').dataset.radius = String(radius); // another tab's, or ours before it is drawn
  if (!dragging) showRadius(radius);
});

document.addEventListener('radius-narrowed', ({ detail }) => {
  dragging = false;
  showRadius(detail.radius);
  showAlert('reach', {
    title: `Your reach is ${formatRadius(detail.radius)} here.`,
    words: 'So far from the equator a wider circle holds more places than NearTalk can watch for one person.',
  });
});

// While the slider is dragged, updates from the server must not replace what it shows.
document.addEventListener('htmx:oobBeforeSwap', ({ target, detail }) => {
  if (dragging && (target.id === 'reach-output' || target.id === 'dial-rings')) detail.shouldSwap = false;
});
document.addEventListener('htmx:oobAfterSwap', ({ target }) => {
  if (target.id === 'reach-output') showRadius(Number(document.getElementById('reach-output').dataset.radius));
});
showRadius(Number(document.getElementById('reach-output').dataset.radius));
