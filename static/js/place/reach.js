// How far you reach: the slider shows each stop at once and publishes the one it rests on.

import { alert, clear } from '../page/alerts.js';
import { current, onPlace, publish } from './published-place.js';
import { show } from '../page/refusal.js';
import { name } from '../page/title.js';

const REST_MS = 250;
const DIAL_START = 28;
const DIAL_STEP = 274 / 9;

const UNANSWERED = { title: 'Your reach did not change.', words: 'NearTalk did not answer.', label: 'Try again' };

const slider = document.getElementById('radius');
const stops = slider.dataset.stops.split(' ').map(Number);
let dragging = false;
let timer = 0;

/** Metres as people read them. */
export function label(radiusM) {
  return radiusM < 1000 ? `${radiusM} m` : `${radiusM / 1000} km`;
}

function stopOf(radiusM) {
  return Math.max(0, stops.findLastIndex((stop) => stop <= radiusM));
}

function draw(radiusM, stop) {
  const output = document.getElementById('reach-output');
  output.textContent = label(radiusM);
  slider.setAttribute('aria-valuetext', `${radiusM} metres`);
  for (const mark of document.querySelectorAll('.scale li')) mark.classList.toggle('here', Number(mark.dataset.stop) === stop);
  name(`Near, ${label(radiusM)}`);
}

// The people's rings wait for the server; the edge follows the thumb.
function drawEdge(stop) {
  const edge = String(DIAL_START + stop * DIAL_STEP);
  for (const circle of document.querySelectorAll('#dial-rings .field-of-reach, #dial-rings .edge-of-reach')) circle.setAttribute('r', edge);
  document.querySelector('#dial-rings .axis')?.setAttribute('d', `M0 0H${edge}`);
}

function follow(radiusM) {
  slider.value = String(stopOf(radiusM));
  draw(radiusM, stopOf(radiusM));
}

function drag() {
  dragging = true;
  clear('reach');
  draw(stops[slider.value], Number(slider.value));
  drawEdge(Number(slider.value));
}

function rest() {
  clearTimeout(timer);
  timer = setTimeout(apply, REST_MS);
}

async function apply() {
  if (!current()) {
    dragging = false;
    alert('reach', { title: 'Your block is not known yet.', words: 'Your reach changes as soon as your device has found itself.' });
    return;
  }
  const wished = stops[slider.value];
  dragging = false; // what comes now is the answer
  slider.setAttribute('aria-busy', 'true');
  const { done, refusal } = await publish({ radius: wished });
  slider.removeAttribute('aria-busy');
  if (done || dragging) return;
  if (refusal) show(refusal);
  else alert('reach', { ...UNANSWERED, run: () => wish(wished) });
  follow(current().radius);
  drawEdge(stopOf(current().radius));
}

/** Moves the slider as a hand would. */
export function wish(radiusM) {
  slider.value = String(stopOf(radiusM));
  drag();
  rest();
}

slider.addEventListener('input', drag);
slider.addEventListener('change', rest);
onPlace(({ radius }) => {
  document.getElementById('reach-output').dataset.radius = String(radius); // another tab's, or ours before it is drawn
  if (!dragging) follow(radius);
});

document.addEventListener('radius-narrowed', ({ detail }) => {
  dragging = false;
  follow(detail.radius);
  alert('reach', {
    title: `Your reach is ${label(detail.radius)} here.`,
    words: 'So far from the equator a wider circle holds more places than NearTalk can watch for one person.',
  });
});

// What comes by itself while a hand is on the slider would pull the words away under it.
document.addEventListener('htmx:oobBeforeSwap', ({ target, detail }) => {
  if (dragging && (target.id === 'reach-output' || target.id === 'dial-rings')) detail.shouldSwap = false;
});
document.addEventListener('htmx:oobAfterSwap', ({ target }) => {
  if (target.id === 'reach-output') follow(Number(document.getElementById('reach-output').dataset.radius));
});
follow(Number(document.getElementById('reach-output').dataset.radius));
