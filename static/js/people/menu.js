// The menu of a person: a dialog to talk with, block or report somebody, opened from a message, the people list or voice.
// What it shows of a call with them is up to voice (voice/panel/sheet.js), and of a message to the chat (chat/message-sheet.js).

import { block, isBlocked } from './blocks.js';
import { isMuted, setMuted } from './muted.js';
import { gettext, gettextParts } from '../page/gettext.js';
import { growWithText } from '../page/growing-field.js';
import { formatDistance } from '../page/units.js';
import { isVisible } from '../page/visible.js';
import { call, refusalIn, succeeded } from '../server/http.js';
import { sessionKnownSoon } from '../server/session.js';
import { asking, askToTalk, openSheet } from '../voice/entry.js';

const TITLES = {
  block: (person) => gettextParts('Block {person}', { person }),
  report: (person) => gettextParts('Report {person}', { person }),
  link: (person) => gettextParts('A link from {person}', { person }),
};
const ASK = {
  ask: [gettext('Ask to talk'), gettext('you hear each other once they let you in')],
  talk: [gettext('Talk'), gettext('their door is open: you hear each other at once')],
};
const BLOCK = { yes: gettext('Done. Neither of you sees or hears the other any more.'), no: gettext('Nobody was blocked.') };
const REPORT = {
  yes: gettext('Sent. The people who run this server will find it.'),
  no: gettext('The report is not sent. What you wrote is still here.'),
};

const dialog = document.getElementById('menu');
const form = dialog.querySelector('form');
const find = (selector) => dialog.querySelector(selector);
const [nameShown, tagShown, farShown] = ['.name', '.tag', '.far'].map(find);
let subject = {}; // whom it is about, and what: {id, message, where, name, tag}, '' where it is no message, or not in voice
let added = { show() {}, valuesFor: () => ({}) }; // what the chat adds to a report
let posting = false;
let began = null; // where the pointer went down

const ACTS = {
  ask() {
    dialog.close();
    askToTalk(subject);
  },
  end: () => dialog.close(), // voice ends the call
  block: () => showStep('block'),
  'block-now': () => post('/api/block', { person_id: subject.id }, { ...BLOCK, then: (id) => block([id]) }),
  mute() {
    dialog.close();
    setMuted(subject.id, !isMuted(subject.id));
  },
  report() {
    added.show(subject);
    showStep('report');
  },
  back: () => showStep('acts'),
  close: () => dialog.close(),
};

/** Adds acts of the menu by the names of their buttons, which they are called with. */
export function registerActs(acts) {
  Object.assign(ACTS, acts);
}

/** `show` is told of whom and of what a report begins, and `valuesFor` gives what is sent with it besides. */
export function registerReport(parts) {
  added = parts;
}

export function closeMenu() {
  dialog.close();
}

/** Opens the menu of the person of a row, a message of yours too. */
export function openMenu(row) {
  if (dialog.open) return;
  const { person: id, id: message = '', where = '' } = row.dataset;
  if (id !== subject.id || message !== subject.message || where !== subject.where) form.reset();
  const own = row.classList.contains('mine');
  const [name, tag] = ['.name', '.tag'].map((part) => row.querySelector(part)?.textContent ?? '');
  subject = { id, message, where, name, tag };
  dialog.dataset.person = id;
  dialog.dataset.message = message;
  showWho(row, own ? find('.name').dataset.own : name, tag);
  showAsking(own ? '' : asking(id), isOpen(id));
  openSheet(id);
  find('[data-act="mute"]').setAttribute('aria-pressed', String(isMuted(id)));
  const about = own ? 'own' : (message && 'message') || where || 'person';
  for (const part of dialog.querySelectorAll('[data-about]')) part.hidden = !part.dataset.about.split(' ').includes(about);
  began = null;
  dialog.showModal();
  showStep('acts');
}

function farOf(row) {
  if (!row.dataset.m) return row.dataset.far ?? row.querySelector('.far:not(.in-voice)')?.textContent ?? '';
  return formatDistance(Number(row.dataset.m));
}

function showWho(row, name, tag) {
  dialog.className = `menu ${[...row.classList].find((one) => /^p\d$/.test(one)) ?? ''}`;
  find('.name').textContent = name;
  find('.tag').textContent = tag;
  find('.far').textContent = row.classList.contains('mine') ? '' : farOf(row);
  for (const quote of dialog.querySelectorAll('blockquote')) quote.textContent = wordsOf(row);
}

// As they are shown, without what is quoted in them.
function wordsOf(row) {
  const bubble = row.querySelector('.bubble');
  return [...(bubble?.childNodes ?? [])].filter((node) => !node.matches?.('.quote, .unseen')).map(({ textContent }) => textContent).join('');
}

// Whether the list of people says that somebody's door is open.
function isOpen(id) {
  return document.querySelector(`#people-list [data-person="${id}"]`)?.dataset.v === 'open';
}

// While you are in voice, whoever is not, or was asked already, cannot be asked.
function showAsking(what, open) {
  const button = find('[data-act="ask"]');
  button.hidden = !what;
  if (!what) return;
  const [verb, rest] = ASK[open ? 'talk' : what];
  button.querySelector('.ask-verb').textContent = verb;
  button.querySelector('.ask-rest').textContent = rest;
}

// Each word around a name is a piece of a row.
function renderTitle(sentence) {
  const pieces = sentence.map((part) => (typeof part === 'string' ? createWords(part.trim()) : part));
  find('.who').replaceChildren(...[...pieces, farShown].flatMap((piece) => [piece, ' ']).slice(0, -1));
}

function createWords(words) {
  const made = document.createElement('span');
  made.textContent = words;
  return made;
}

export function showStep(step) {
  renderTitle(TITLES[step]?.([nameShown, tagShown]) ?? [nameShown, tagShown]);
  for (const part of dialog.querySelectorAll('[data-step]')) part.hidden = part.dataset.step !== step;
  for (const place of dialog.querySelectorAll('[data-refusal]')) place.replaceChildren();
  const now = find(`[data-step="${step}"]`);
  if (dialog.open) [...now.querySelectorAll('[data-first]'), ...now.querySelectorAll('button, input')].find(isVisible).focus();
}

function showDone(words) {
  if (!form.hidden) form.reset();
  showStep('done');
  find('#menu-block-too').hidden = isBlocked(subject.id);
  find('#menu-done').textContent = words;
}

/**
 * Posts one request at a time. `yes` is shown when it was accepted, `no` when nobody answered; the form keeps its text until
 * then. The dialog may be about somebody else by the time of the answer.
 */
async function post(path, values, { yes, no, then = () => {} }) {
  if (posting) return;
  posting = true;
  const whom = subject;
  dialog.setAttribute('aria-busy', 'true');
  await sessionKnownSoon();
  const answer = await call('POST', path, values);
  posting = false;
  dialog.removeAttribute('aria-busy');
  const accepted = succeeded(answer);
  if (accepted) then(whom.id);
  if (subject !== whom) return;
  if (accepted) showDone(yes);
  else showRefusal(answer, no);
}

function showRefusal(answer, no) {
  const place = find('[data-step]:not([hidden]) [data-refusal]');
  const refusal = refusalIn(answer);
  place?.replaceChildren(refusal ? document.importNode(refusal, true) : createNotice(no));
}

function createNotice(no) {
  const made = document.getElementById('notice').content.cloneNode(true).firstElementChild;
  const [title, words] = made.querySelector('.notice-words').children;
  title.textContent = gettext('NearTalk did not answer.');
  words.textContent = no;
  return made;
}

// The row that it was opened from may have been rendered anew or removed meanwhile.
function restoreFocus() {
  const { activeElement: focused, body } = document;
  if (focused !== body && !dialog.contains(focused)) return; // the browser gave it back
  const [row, fallback] = placeOf(subject);
  const rings = document.querySelectorAll(`${row} :is([data-act="person"], .o)`);
  const places = [...rings, ...[fallback, 'chat'].map((place) => document.getElementById(place))];
  places.find(isVisible).focus({ preventScroll: true });
}

// Where the row of whom it is about stands, and what is there if it is gone.
function placeOf({ id, message, where }) {
  if (message) return [`#m-${CSS.escape(message)}`, 'scroller'];
  return where ? [`:is(#voice-asks, #voice-tiles) [data-person="${id}"]`, 'voice'] : [`#people-list [data-person="${id}"]`, 'people'];
}

growWithText(document.getElementById('menu-text'));
document.addEventListener('click', ({ target }) => {
  const button = target.closest('button[data-act="person"]');
  if (button) openMenu(button.closest('[data-person]'));
});
dialog.addEventListener('pointerdown', ({ target }) => (began = target));
dialog.addEventListener('click', ({ target }) => {
  if (target === dialog && began === dialog) dialog.close(); // beside it; not by the finger that opened it
  const button = target.closest('[data-act]');
  ACTS[button?.dataset.act]?.(button);
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const { reason, words } = Object.fromEntries(new FormData(form));
  const { id, message, where } = subject;
  const values = { person_id: id, reason, words, ...(message && { message_id: message }), ...(where && { where }), ...added.valuesFor(subject) };
  post('/api/report', values, REPORT);
});
dialog.addEventListener('close', restoreFocus);
