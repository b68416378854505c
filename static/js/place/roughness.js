// How roughly others can place you, on the page of a place. An area is published from what is known; for a block the device has to
// find itself once more, for nothing finer than the area is kept.

import { clearAlert, showAlert } from '../page/alerts.js';
import { gettext } from '../page/gettext.js';
import { showRefusal } from '../page/refusal.js';
import { formatMetres, renderMetres } from '../page/units.js';
import { currentPlace, currentRoughness, onPendingRoughness, onPlace, pendingRoughness, publish, setPendingRoughness } from './published-place.js';
import { onRadius } from './reach.js';

// An area is 1.2 km by 0.6 km at most: a shorter reach hardly leaves it.
const WIDE_M = 1000;
const UNANSWERED = { title: gettext('Nothing changed.'), words: gettext('NearTalk did not answer.'), label: gettext('Try again') };

let publishing = null;
let radiusM = 0;

function shown() {
  return publishing ?? pendingRoughness() ?? currentRoughness();
}

function describe() {
  if (pendingRoughness()) return gettext('As soon as your device has found itself');
  if (shown() === 'block' || radiusM >= WIDE_M) return '';
  return gettext('An area finds few people within {distance}', { distance: formatMetres(radiusM) });
}

// Your own row is fetched anew now and then: it must not take a choice back.
function render() {
  renderMetres();
  for (const option of document.querySelectorAll('[name="roughness"]')) option.checked = option.value === shown();
  const words = document.getElementById('roughness-words');
  if (words && words.textContent !== describe()) words.textContent = describe();
}

function choose(roughness) {
  clearAlert('roughness');
  publishing = null;
  const known = roughness === 'area' && currentPlace();
  setPendingRoughness(known ? null : roughness);
  if (known) publishChoice(roughness);
}

async function publishChoice(roughness) {
  publishing = roughness;
  render();
  const { done, refusal } = await publish({ roughness });
  if (publishing !== roughness) return; // chosen otherwise meanwhile
  publishing = null;
  render();
  if (refusal) showRefusal(refusal);
  else if (!done) showAlert('roughness', { ...UNANSWERED, run: () => choose(roughness) });
}

document.addEventListener('change', ({ target }) => target.name === 'roughness' && choose(target.value));
document.addEventListener('htmx:afterSwap', render);
onPendingRoughness(render);
onPlace(render);
onRadius((metres) => {
  radiusM = metres;
  render();
});
