// The sheet of a message, in the menu of its author: what it says, when it was sent and goes, reactions, reply, copy; of your own
// who reacted, and removing it for everyone.

import { closeMenu, openMenu, registerActs, showStep } from '../people/menu.js';
import { named, renderSentence } from '../page/sentences.js';
import { formatClock } from '../page/units.js';
import { send } from '../server/connection.js';
import { on } from '../server/signals.js';
import { LIFE_MS, isOwn, textOf } from './message-row.js';
import { rowOf } from './messages.js';
import { remove } from './own-messages.js';
import { onShown } from './quotes.js';
import { shownReactions } from './reaction-counts.js';
import { react } from './reacting.js';
import { reactionsOf } from './reactions.js';
import { startReply } from './replying.js';
import './report-answers.js';
import { COPIED, NOT_COPIED, SHEET_GONE } from './words.js';

const NAMED_MAX = 6;
const OF_WORDS = '#menu-reactions, #menu-reactors, [data-act="reply"], [data-act="copy"], [data-act="remove"]';

const dialog = document.getElementById('menu');
const find = (selector) => dialog.querySelector(selector);
const reactors = document.getElementById('menu-reactors');
const copyWords = [...dialog.querySelectorAll('.copy-words')];
const copy = copyWords[0].textContent;
let shown = null; // the row

/** Opens the sheet of a row, unless another one is open. */
export function openSheet(row) {
  if (dialog.open) return;
  shown = row;
  const sent = Number(row.dataset.sent);
  find('#menu-times').textContent = find('#menu-times').dataset.words.replace('{sent}', formatClock(sent)).replace('{gone}', formatClock(sent + LIFE_MS));
  for (const words of copyWords) words.textContent = copy;
  renderOwn(row);
  showReactors(row);
  openMenu(row);
}

function renderOwn(row) {
  const { own } = reactionsOf(row.dataset.id);
  for (const button of find('#menu-reactions').children) button.setAttribute('aria-pressed', String(button.dataset.kind === own));
}

function showReactors(row) {
  reactors.replaceChildren();
  reactors.hidden = true;
  if (isOwn(row) && shownReactions(reactionsOf(row.dataset.id)).length) send({ type: 'chat.reactors', id: row.dataset.id });
}

// A name each, for each reaction; whoever is not listed nearby has no colour here.
function personOf({ dataset, textContent }) {
  const row = document.querySelector(`#people-list [data-person="${CSS.escape(dataset.person)}"]`);
  const colour = /\bp(\d)\b/.exec(row?.className ?? '')?.[1] ?? '';
  return { name: textContent, tag: dataset.tag, colour };
}

function createReactors([kind, count], people) {
  const row = document.getElementById('menu-reactor').content.cloneNode(true).firstElementChild;
  const some = people.map(personOf);
  const missing = Array.from({ length: Math.max(0, count - some.length) }, () => ({ name: '', tag: '' }));
  row.querySelector('use').setAttribute('href', `#r-${kind}`);
  row.querySelector('.unseen').textContent = find(`#menu-reactions [data-kind="${kind}"]`).textContent.trim();
  renderSentence(row.lastElementChild, named([...some, ...missing], Math.min(NAMED_MAX, some.length)), new Set(some.map(({ tag }) => tag)));
  return row;
}

on('reactors', ({ id }, element) => {
  if (!dialog.open || shown?.dataset.id !== id) return;
  const people = [...element.children];
  const rows = shownReactions(reactionsOf(id)).map(([kind, count]) => [[kind, count], people.filter(({ dataset }) => dataset.reaction === kind)]);
  reactors.replaceChildren(...rows.filter(([, some]) => some.length).map(([counted, some]) => createReactors(counted, some)));
  reactors.hidden = !reactors.children.length;
});

async function copyText(text, button) {
  const words = button.querySelector('.copy-words');
  try {
    await navigator.clipboard.writeText(text);
    words.textContent = COPIED;
  } catch {
    words.textContent = NOT_COPIED;
  }
}

// Of what is gone from the conversation nothing is left here; what can be done about its author is.
function endWords() {
  if (!find('[data-step="link"]').hidden) return closeMenu();
  for (const quote of dialog.querySelectorAll('blockquote')) quote.textContent = SHEET_GONE;
  const parts = [...dialog.querySelectorAll(OF_WORDS)];
  const focused = parts.some((part) => part.contains(document.activeElement));
  for (const part of parts) part.hidden = true;
  if (focused) showStep('acts');
}

// Nor of what was looked at.
function clearWords() {
  if (dialog.open) return; // about another one
  for (const place of dialog.querySelectorAll('blockquote, .link-host, .link-whole, #menu-reactors')) place.replaceChildren();
  find('.link-open').removeAttribute('href');
  for (const words of copyWords) words.textContent = copy;
}

onShown((id) => dialog.open && id && dialog.dataset.message === id && !rowOf(id) && endWords());
dialog.addEventListener('close', clearWords);
registerActs({
  react(button) {
    closeMenu();
    react(shown.dataset.id, button.dataset.kind);
  },
  reply() {
    closeMenu();
    startReply(shown.dataset.id);
  },
  copy: (button) => copyText(textOf(shown), button),
  'copy-link': (button) => copyText(find('.link-open').href, button),
  remove() {
    closeMenu();
    remove(shown);
  },
});
