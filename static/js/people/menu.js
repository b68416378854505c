// What you can do about somebody: a dialog of a few steps, from the ring of a message or from a row of the people list.

import { block, isBlocked } from './blocks.js';
import { call, refusalIn, succeeded } from '../server/http.js';
import { act, facts } from '../voice/calls/room.js';
import { draw } from '../voice/panel/renderer.js';

const VERBS = { block: 'Block', report: 'Report' };
const BLOCK = { yes: 'Done. Neither of you sees or hears the other any more.', no: 'Nobody was blocked.' };
const REPORT = {
  yes: 'Sent. The people who run this server will find it.',
  no: 'The report is not sent. What you wrote is still here.',
};

const dialog = document.getElementById('menu');
const form = dialog.querySelector('form');
const find = (selector) => dialog.querySelector(selector);
let about = {}; // whom it is about: {id, message}, message '' where it is none
let asking = false;

const ACTS = {
  knock() {
    act('knock', about.id);
    draw();
    dialog.close();
  },
  block: () => show('block'),
  'block-now': () => ask('/api/block', { person_id: about.id }, { ...BLOCK, then: (id) => block([id]) }),
  report: () => show('report'),
  back: () => show('acts'),
  close: () => dialog.close(),
};

function open(button) {
  const row = button.closest('[data-person]');
  const { person: id, id: message = '' } = row.dataset;
  if (id !== about.id || message !== about.message) form.reset();
  about = { id, message };
  const far = row.querySelector('.far:not(.in-voice)') ?? row.parentElement.previousElementSibling.firstElementChild;
  dialog.className = `menu ${[...row.classList].find((one) => /^p\d$/.test(one))}`;
  find('.name').textContent = row.querySelector('.name').textContent;
  find('.tag').textContent = row.querySelector('.tag').textContent;
  find('.far').textContent = far.textContent;
  find('[data-act="knock"]').hidden = !facts.peers.some((peer) => peer.person_id === id && peer.state === 'near');
  find('blockquote').textContent = row.querySelector('.bubble')?.textContent ?? '';
  for (const part of dialog.querySelectorAll('[data-about]')) part.hidden = (part.dataset.about === 'message') !== Boolean(message);
  show('acts');
  dialog.showModal();
}

function show(step) {
  find('.verb').textContent = VERBS[step] ?? '';
  for (const part of dialog.querySelectorAll('[data-step]')) part.hidden = part.dataset.step !== step;
  for (const place of dialog.querySelectorAll('[data-refusal]')) place.replaceChildren();
  const now = find(`[data-step="${step}"]`);
  if (dialog.open) (now.querySelector('[data-first]') ?? now.querySelector('button:not([hidden])')).focus();
}

function done(words) {
  if (!form.hidden) form.reset();
  show('done');
  find('#menu-block-too').hidden = isBlocked(about.id);
  find('#menu-done').textContent = words;
}

/**
 * One at a time. What was written stays until it has been taken: `yes` says that it was, `no` that it was not. The dialog
 * may be about somebody else by then.
 */
async function ask(path, values, { yes, no, then = () => {} }) {
  if (asking) return;
  asking = true;
  const whom = about;
  dialog.setAttribute('aria-busy', 'true');
  const answer = await call('POST', path, values);
  asking = false;
  dialog.removeAttribute('aria-busy');
  const taken = succeeded(answer);
  if (taken) then(whom.id);
  if (about !== whom) return;
  if (taken) done(yes);
  else refuse(answer, no);
}

function refuse(answer, no) {
  const place = find('[data-step]:not([hidden]) [data-refusal]');
  const refusal = refusalIn(answer);
  place?.replaceChildren(refusal ? document.importNode(refusal, true) : notice(no));
}

function notice(no) {
  const made = document.getElementById('notice').content.cloneNode(true).firstElementChild;
  const [title, words] = made.querySelector('.notice-words').children;
  title.textContent = 'NearTalk did not answer.';
  words.textContent = no;
  return made;
}

// What it was opened from may have been drawn anew meanwhile, or be gone.
function closed() {
  const { activeElement: focused, body } = document;
  if (focused !== body && !dialog.contains(focused)) return; // the browser gave it back
  const row = about.message ? `#m-${CSS.escape(about.message)}` : `#people-list [data-person="${about.id}"]`;
  const fallback = document.getElementById(about.message ? 'scroller' : 'people');
  (document.querySelector(`${row} [data-act="person"]`) ?? fallback).focus({ preventScroll: true });
}

document.addEventListener('click', ({ target }) => {
  const button = target.closest('button[data-act="person"]');
  if (button) open(button);
});
dialog.addEventListener('click', ({ target }) => {
  if (target === dialog) dialog.close(); // beside it
  ACTS[target.closest('[data-act]')?.dataset.act]?.();
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const { reason, words } = Object.fromEntries(new FormData(form));
  const values = { person_id: about.id, reason, words, ...(about.message && { message_id: about.message }) };
  ask('/api/report', values, REPORT);
});
dialog.addEventListener('close', closed);
