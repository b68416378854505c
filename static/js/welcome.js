// The welcome page: asks for the location after its button, starts a session there and goes on to the chat.

import { encode } from './place/geohash.js';
import { once, supported } from './place/geolocation.js';
import { askTabs, current, publish } from './place/published-place.js';
import { describe } from './place/location-errors.js';
import { localise } from './page/local-time.js';

const find = (id) => document.getElementById(id);
const button = find('arrive');
const initial = { words: find('arrive-words').textContent, next: find('arrive-next').textContent };

function busy(words) {
  button.disabled = true;
  button.setAttribute('aria-busy', 'true');
  button.querySelector('.waits').hidden = false;
  find('arrive-words').textContent = words;
}

function ready(words) {
  button.disabled = false;
  button.removeAttribute('aria-busy');
  button.querySelector('.waits').hidden = true;
  find('arrive-words').textContent = words;
}

// One-shot: the lock between tabs is for those that keep following.
async function arrive() {
  find('refusal').replaceChildren();
  busy('Looking for you');
  find('arrive-next').textContent = 'Your browser may ask for your location now.';
  const { fix, kind, accuracy } = await once();
  if (!fix) {
    show(describe(kind, accuracy));
    return;
  }
  busy('One moment');
  await enter(encode(fix.lat, fix.lon));
}

async function enter(cell) {
  // Where this tab or another has a place, a session stands behind it: go on with that one.
  const { done, refusal } = await publish({ cell, fresh: !current() });
  if (done) {
    location.assign('/near');
    return;
  }
  ready('Try again');
  find('arrive-next').textContent = initial.next;
  if (refusal) find('refusal').replaceChildren(document.importNode(localise(refusal), true));
  else find('arrive-next').textContent = 'NearTalk did not answer. Nothing was changed.';
}

/** The page becomes the trouble: same layout, dotted rings, its words, one way on. */
function show({ title, words, action, steps, href }) {
  find('title-words').textContent = title;
  document.title = title;
  find('rings-people').hidden = true;
  find('rings-trouble').hidden = false;
  find('lede').textContent = words;
  find('facts').hidden = true;
  find('steps').hidden = !steps;
  find('steps').replaceChildren(...(steps ? [steps] : []));
  find('arrive-next').textContent = 'Only the block you are in, about 150 m wide, leaves your device. Your exact position never does.';
  ready(action);
  button.hidden = Boolean(href);
  find('elsewhere').hidden = !href;
  if (href) find('elsewhere').href = href;
  find('title').focus();
}

button.addEventListener('click', arrive);
// The answer draws the page of the chat; here it has no place.
document.body.addEventListener('htmx:beforeSwap', ({ detail }) => (detail.shouldSwap = false));
// The back button may bring this page as it was left: asking, with nothing behind it.
window.addEventListener('pageshow', ({ persisted }) => persisted && ready(initial.words));
find('refusal').querySelectorAll('.notice').forEach(localise);
askTabs();
if (supported()) ready(initial.words);
else show(describe('insecure'));
