// The menu of a person: a dialog to knock at, block or report somebody, opened from a message or from the people list.

import { block, isBlocked } from './blocks.js';
import { growWithText } from '../page/growing-field.js';
import { formatDistance } from '../page/units.js';
import { call, refusalIn, succeeded } from '../server/http.js';
import { sessionKnownSoon } from '../server/session.js';
import { canKnock, knock } from '../voice/entry.js';

const VERBS = { block: 'Block', report: 'Report' };
const BLOCK = { yes: 'Done. Neither of you sees or hears the other any more.', no: 'Nobody was blocked.' };
const REPORT = {
  yes: 'Sent. The people who run this server will find it.',
  no: 'The report is not sent. What you wrote is still here.',
};

const dialog = document.getElementById('menu');
const form = dialog.querySelector('form');
const find = (selector) => dialog.querySelector(selector);
let subject = {}; // whom it is about: {id, message}, message '' where it is none
let posting = false;

const ACTS = {
  knock() {
    knock(subject.id);
    dialog.close();
  },
  block: () => showStep('block'),
  'block-now': () => post('/api/block', { person_id: subject.id }, { ...BLOCK, then: (id) => block([id]) }),
  report: () => showStep('report'),
  back: () => showStep('acts'),
  close: () => dialog.close(),
};

function openMenu(button) {
  const row = button.closest('[data-person]');
  const { person: id, id: message = '' } = row.dataset;
  if (id !== subject.id || message !== subject.message) form.reset();
  subject = { id, message };
  const far = row.querySelector('.far:not(.in-voice)')?.textContent ?? formatDistance(Number(row.dataset.m));
  dialog.className = `menu ${[...row.classList].find((one) => /^p\d$/.test(one))}`;
  find('.name').textContent = row.querySelector('.name').textContent;
  find('.tag').textContent = row.querySelector('.tag').textContent;
  find('.far').textContent = far;
  find('[data-act="knock"]').hidden = !canKnock(id);
  find('blockquote').textContent = row.querySelector('.bubble')?.textContent ?? '';
  for (const part of dialog.querySelectorAll('[data-about]')) part.hidden = (part.dataset.about === 'message') !== Boolean(message);
  showStep('acts');
  dialog.showModal();
}

function showStep(step) {
  find('.verb').textContent = VERBS[step] ?? '';
  for (const part of dialog.querySelectorAll('[data-step]')) part.hidden = part.dataset.step !== step;
  for (const place of dialog.querySelectorAll('[data-refusal]')) place.replaceChildren();
  const now = find(`[data-step="${step}"]`);
  if (dialog.open) (now.querySelector('[data-first]') ?? now.querySelector('button:not([hidden])')).focus();
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
  const row = subject.message ? `#m-${CSS.escape(subject.message)}` : `#people-list [data-person="${subject.id}"]`;
  const fallback = document.getElementById(subject.message ? 'scroller' : 'people');
  (document.querySelector(`${row} [data-act="person"]`) ?? fallback).focus({ preventScroll: true });
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
  const values = { person_id: subject.id, reason, words, ...(subject.message && { message_id: subject.message }) };
  post('/api/report', values, REPORT);
});
dialog.addEventListener('close', restoreFocus);
