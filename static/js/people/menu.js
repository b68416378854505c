// The menu of a person: a dialog to talk with, block or report somebody, opened from a message, the people list or voice.
// What it shows of a call with them is up to voice (voice/panel/sheet.js).

import { block, isBlocked } from './blocks.js';
import { growWithText } from '../page/growing-field.js';
import { formatDistance } from '../page/units.js';
import { isVisible } from '../page/visible.js';
import { call, refusalIn, succeeded } from '../server/http.js';
import { sessionKnownSoon } from '../server/session.js';
import { asking, askToTalk, openSheet } from '../voice/entry.js';

const VERBS = { block: 'Block', report: 'Report' };
const ASK = {
  ask: ['Ask to talk', 'you hear each other once they let you in'],
  talk: ['Talk', 'their door is open: you hear each other at once'],
};
const BLOCK = { yes: 'Done. Neither of you sees or hears the other any more.', no: 'Nobody was blocked.' };
const REPORT = {
  yes: 'Sent. The people who run this server will find it.',
  no: 'The report is not sent. What you wrote is still here.',
};

const dialog = document.getElementById('menu');
const form = dialog.querySelector('form');
const find = (selector) => dialog.querySelector(selector);
let subject = {}; // whom it is about, and what: {id, message, where, called}, '' where it is no message, or not in voice
let posting = false;

const ACTS = {
  ask() {
    dialog.close();
    askToTalk(subject);
  },
  end: () => dialog.close(), // voice ends the call
  block: () => showStep('block'),
  'block-now': () => post('/api/block', { person_id: subject.id }, { ...BLOCK, then: (id) => block([id]) }),
  report: () => showStep('report'),
  back: () => showStep('acts'),
  close: () => dialog.close(),
};

function openMenu(button) {
  const row = button.closest('[data-person]');
  const { person: id, id: message = '', where = '' } = row.dataset;
  if (id !== subject.id || message !== subject.message || where !== subject.where) form.reset();
  const [name, tag] = ['.name', '.tag'].map((part) => row.querySelector(part).textContent);
  subject = { id, message, where, called: `${name} ${tag}` };
  dialog.dataset.person = id;
  const far = row.dataset.far ?? row.querySelector('.far:not(.in-voice)')?.textContent ?? formatDistance(Number(row.dataset.m));
  dialog.className = `menu ${[...row.classList].find((one) => /^p\d$/.test(one))}`;
  find('.name').textContent = name;
  find('.tag').textContent = tag;
  find('.far').textContent = far;
  showAsking(asking(id), isOpen(id));
  openSheet(id);
  find('blockquote').textContent = row.querySelector('.bubble')?.textContent ?? '';
  const about = message ? 'message' : where || 'person';
  for (const part of dialog.querySelectorAll('[data-about]')) part.hidden = part.dataset.about !== about;
  showStep('acts');
  dialog.showModal();
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

function showStep(step) {
  find('.verb').textContent = VERBS[step] ?? '';
  for (const part of dialog.querySelectorAll('[data-step]')) part.hidden = part.dataset.step !== step;
  for (const place of dialog.querySelectorAll('[data-refusal]')) place.replaceChildren();
  const now = find(`[data-step="${step}"]`);
  if (dialog.open) (now.querySelector('[data-first]') ?? [...now.querySelectorAll('button')].find(isVisible)).focus();
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
  title.textContent = 'NearTalk did not answer.';
  words.textContent = no;
  return made;
}

// The row that it was opened from may have been rendered anew or removed meanwhile.
function restoreFocus() {
  const { activeElement: focused, body } = document;
  if (focused !== body && !dialog.contains(focused)) return; // the browser gave it back
  const [row, fallback] = placeOf(subject);
  const rings = document.querySelectorAll(`${row} [data-act="person"]`);
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
  if (button) openMenu(button);
});
dialog.addEventListener('click', ({ target }) => {
  if (target === dialog) dialog.close(); // beside it
  ACTS[target.closest('[data-act]')?.dataset.act]?.();
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const { reason, words } = Object.fromEntries(new FormData(form));
  const { id, message, where } = subject;
  const values = { person_id: id, reason, words, ...(message && { message_id: message }), ...(where && { where }) };
  post('/api/report', values, REPORT);
});
dialog.addEventListener('close', restoreFocus);
