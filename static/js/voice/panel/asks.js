// Who wants to talk, where you are: a card for each beside the chat, as in the panel. It goes once it is answered, here or on
// another page, or taken back.

import { holdMoved } from '../../page/held-taps.js';
import { renderPlain } from '../../page/sentences.js';
import { controlNames } from './door-words.js';
import { renderWho, setText } from './tiles.js';
import { called, moreAsk, spoken } from './words.js';

const SHOWN_MAX = 2; // more would cover the chat: the panel has them all

const place = document.getElementById('voice-asks');
const cards = new Map(); // person_id: element

/** Renders those who knock (tiles of view-model.js), nearest first. */
export function renderAsks(knocking) {
  holdMoved(document.getElementById('alerts'), () => renderAll(knocking));
}

function renderAll(knocking) {
  const shown = knocking.slice(0, SHOWN_MAX);
  const ids = new Set(shown.map(({ id }) => id));
  for (const [id, card] of [...cards]) if (!ids.has(id)) removeCard(id, card);
  for (const tile of shown) renderCard(cards.get(tile.id) ?? createCard(tile), tile);
  renderRest(knocking.length - shown.length);
}

function createCard({ id, colour, initial }) {
  const card = document.getElementById('voice-ask').content.cloneNode(true).firstElementChild;
  card.dataset.person = id;
  card.classList.add(`p${colour}`);
  card.querySelector('text').textContent = initial;
  cards.set(id, card);
  const rest = place.querySelector('.asks-rest');
  if (rest) rest.before(card);
  else place.append(card);
  return card;
}

function renderCard(card, { name, tag, distance, asks, words }) {
  card.dataset.far = distance;
  setText(card.querySelector('.name'), name);
  setText(card.querySelector('.tag'), tag);
  renderWho(card.querySelector('.who'), asks);
  renderPlain(card.querySelector('.ask-status'), words);
  card.setAttribute('aria-label', spoken(asks));
  const names = controlNames(called({ name, tag }));
  for (const act of ['accept', 'decline', 'person']) card.querySelector(`[data-act="${act}"]`).setAttribute('aria-label', names[act]);
}

function removeCard(id, card) {
  cards.delete(id);
  remove(card);
}

// The focus goes to the next card, not to a control of it: a key on its way meant the one before. Else to the chat, never to the
// page.
function remove(element) {
  const focused = element.contains(document.activeElement);
  element.remove();
  if (!focused) return;
  const next = place.querySelector('.ask') ?? document.getElementById('chat');
  next.focus({ preventScroll: true });
}

function renderRest(count) {
  let link = place.querySelector('.asks-rest');
  if (count <= 0) {
    if (link) remove(link);
    return;
  }
  if (!link) {
    link = document.createElement('a');
    link.className = 'asks-rest';
    link.href = '#voice';
    place.append(link); // once: moving it would lose its focus
  }
  setText(link, moreAsk(count));
}
