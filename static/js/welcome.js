// Entry point of the welcome page: gets the location after a press of its button, starts a session and opens the chat.

import { encode } from './place/geohash.js';
import { firstFix, obstacle, onAllowed } from './place/geolocation.js';
import { askTabs, chosenRoughness, currentPlace, onPlace, publish } from './place/published-place.js';
import { describeError } from './place/location-errors.js';
import { gettext } from './page/gettext.js';
import { localise } from './page/local-time.js';
import { prefetch } from './page/prefetch.js';
import { removeText } from './page/storage.js';
import { formatMetres, renderMetres } from './page/units.js';
import { asksForWork, canWork } from './server/price.js';

const find = (id) => document.getElementById(id);
const button = find('arrive');
const initial = { words: find('arrive-words').textContent };
const WIDTHS = { block: { width: formatMetres(150) }, area: { width: formatMetres(1000) } };
const NEXT = {
  block: gettext('Your browser asks for your location next. Only the block you are in, about {width} wide, leaves your device.', WIDTHS.block),
  area: gettext('Your browser asks for your location next. Only the area you are in, about {width} wide, leaves your device.', WIDTHS.area),
};
const LEAVES = {
  block: gettext('Only the block you are in, about {width} wide, leaves your device. Your exact position never does.', WIDTHS.block),
  area: gettext('Only the area you are in, about {width} wide, leaves your device. Your exact position never does.', WIDTHS.area),
};
let denied = false; // the last answer of the device

// Whoever comes back, in this tab or beside another, finds what they chose.
function renderRoughness() {
  for (const option of document.querySelectorAll('[name="roughness"]')) option.checked = option.value === (currentPlace()?.roughness ?? 'block');
  renderWhatLeaves();
}

// Set only where it says something else: a status is read out.
function renderWhatLeaves() {
  const words = NEXT[chosenRoughness()];
  if (!button.hasAttribute('aria-busy') && find('arrive-next').textContent !== words) find('arrive-next').textContent = words;
}

function setBusy(words) {
  button.disabled = true;
  button.setAttribute('aria-busy', 'true');
  button.querySelector('.waits').hidden = false;
  find('arrive-words').textContent = words;
}

function setReady(words) {
  button.disabled = false;
  button.removeAttribute('aria-busy');
  button.querySelector('.waits').hidden = true;
  find('arrive-words').textContent = words;
}

// One-shot: the lock between tabs is for those that keep following.
async function arrive() {
  find('refusal').replaceChildren();
  setBusy(gettext('Looking for you'));
  find('arrive-next').textContent = gettext('Your browser may ask for your location now.');
  const { fix, kind, accuracy } = await firstFix();
  if (!fix) {
    showError(describeError(kind, accuracy));
    return;
  }
  setBusy(gettext('One moment'));
  await enter(encode(fix.lat, fix.lon));
}

async function enter(cell) {
  // Where this tab or another has a place, a session stands behind it: go on with that one.
  const { done, refusal, cookiesRefused } = await publish({ cell, roughness: chosenRoughness(), fresh: !currentPlace() });
  if (done) {
    location.assign('/near');
    return;
  }
  if (cookiesRefused) {
    showError(describeError('cookies'));
    button.removeEventListener('click', arrive);
    button.addEventListener('click', () => location.reload()); // its token needs the cookie too
    return;
  }
  setReady(gettext('Try again'));
  renderWhatLeaves();
  if (asksForWork(refusal) && !canWork()) find('arrive-next').textContent = gettext('This browser cannot do that. Another one can, or come back in an hour.');
  if (refusal) find('refusal').replaceChildren(document.importNode(localise(refusal), true));
  else find('arrive-next').textContent = gettext('NearTalk did not answer. Nothing was changed.');
}

/** Turns the page into the error: same layout, dotted rings, its text, one action. */
function showError({ kind, title, words, action, steps, href }) {
  denied = kind === 'denied';
  find('title-words').textContent = title;
  find('title').classList.remove('two-lines');
  document.title = title;
  find('rings-people').hidden = true;
  find('rings-trouble').hidden = false;
  find('lede').textContent = words;
  find('facts').hidden = true;
  find('steps').hidden = !steps;
  find('steps').replaceChildren(...(steps ? [steps] : []));
  find('arrive-next').textContent = LEAVES[chosenRoughness()];
  setReady(action);
  button.hidden = Boolean(href);
  find('elsewhere').hidden = !href;
  find('elsewhere').textContent = action;
  if (href) find('elsewhere').href = href;
  find('title').focus();
}

button.addEventListener('click', arrive);
// Another visit is another person: a door, and being in voice, end with the one before.
document.addEventListener('neartalk:session', () => removeText('neartalk.voice'));
for (const option of document.querySelectorAll('[name="roughness"]')) option.addEventListener('change', renderWhatLeaves);
// Said once; the button goes on turning.
document.addEventListener('neartalk:work', ({ detail: { seconds, words } }) => {
  if (seconds) find('arrive-next').textContent = gettext('Many are coming in from your network. {words}', { words });
});
// The answer holds fragments of the chat page, which this page has no room for.
document.body.addEventListener('htmx:beforeSwap', ({ detail }) => (detail.shouldSwap = false));
// The back button may restore this page from the cache while it still shows that it is busy.
window.addEventListener('pageshow', ({ persisted }) => persisted && setReady(initial.words));
find('refusal').querySelectorAll('.notice').forEach(localise);
renderMetres();
onPlace(renderRoughness);
renderRoughness();
askTabs();
if (obstacle()) showError(describeError(obstacle()));
else setReady(initial.words);
onAllowed(() => {
  if (denied) find('arrive-next').textContent = gettext('Your location is on for this page now.');
});
// The place is shown without waiting for its style sheets and modules: the browser has them by then.
const modules = [...find('near-modules').content.querySelectorAll('link')].map(({ href }) => href);
document.head.append(find('near-styles').content);
prefetch(modules);
