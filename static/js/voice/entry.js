// What of voice is here from the start: its link, the ways in, and asking somebody to talk. All else, a quarter of the page's
// modules, is loaded once the page is live, or with the first tap, which then waits for it; at once in a tab that was in voice
// before.

import { gettext } from '../page/gettext.js';
import { callAll } from '../page/listeners.js';
import { prefetch, savesData } from '../page/prefetch.js';
import { isErased } from '../page/visit.js';
import { sessionKnown } from '../server/session.js';
import { clearNotice, showNotice } from './panel/notices.js';
import { wasStored } from './session-state.js';

const FAILED = {
  title: gettext('Voice did not load.'),
  words: gettext('What you have written is kept.'),
  actions: [{ label: gettext('Load the page again'), run: () => location.reload() }],
};

const find = (id) => document.getElementById(`voice-${id}`);
const modules = [...document.getElementById('later-modules').content.querySelectorAll('link')].map(({ href }) => href);
let voice = null; // once it is loaded
let loading = null;
const waiting = new Map(); // what was tapped before

/** What asking somebody to talk would do: 'talk' at once, 'ask' them (once you are in voice), or '' where it is not possible. */
export function asking(id) {
  return voice ? voice.asking(id) : 'ask';
}

/** Asks somebody, {id, name, tag}, to talk. Whoever is not in voice joins first. */
export function askToTalk(who) {
  if (!voice?.isIn()) showPanel();
  run('ask', ({ askFor }) => askFor(who));
}

/** Shows in the menu of a person what can be done about a call with them. */
export function openSheet(id) {
  voice?.openSheet(id);
}

/** The visit is over, and its page erased. */
export function endVisit(code) {
  voice?.endVisit(code);
}

async function load() {
  voice = await (loading ??= import('./controls.js'));
}

// At once where it can: some browsers open sound only in the very turn of a tap. Before that the last tap on each control waits.
function run(name, act) {
  if (voice) {
    act(voice);
    return;
  }
  waiting.set(name, act);
  if (waiting.size === 1) loadForTap();
}

async function loadForTap() {
  find('start').setAttribute('aria-busy', 'true');
  clearNotice('loading');
  try {
    await load();
  } catch {
    loading = null;
    showNotice('loading', FAILED);
  }
  find('start').removeAttribute('aria-busy');
  if (voice && !isErased()) callAll([...waiting.values()], voice);
  waiting.clear();
}

async function loadLater() {
  await sessionKnown();
  if (savesData()) return;
  await prefetch(modules);
  if (!isErased()) loadUnasked();
}

// Where that fails a tap asks again, and says so.
function loadUnasked() {
  load().catch(() => (loading = null));
}

function showPanel() {
  window.location.hash = '#voice';
  document.getElementById('voice').focus({ preventScroll: true });
}

// The button in the head opens the panel, and closes it again.
function updateLink() {
  const open = window.location.hash === '#voice';
  const link = find('link');
  document.body.classList.toggle('voice-open', open);
  link.href = open ? '#chat' : '#voice';
  if (open) link.setAttribute('aria-current', 'true');
  else link.removeAttribute('aria-current');
}

window.addEventListener('hashchange', updateLink);
updateLink();
document.getElementById('voice').addEventListener('click', ({ target }) => {
  const way = target.closest('[data-start]');
  if (!way) return;
  const { start: door, direct } = way.dataset; // as they were tapped
  run('start', ({ startCheck }) => startCheck({ door, direct: direct !== undefined }));
});
find('shield').addEventListener('change', ({ target: { checked } }) => run('shield', ({ setShield }) => setShield(checked)));
if (wasStored) loadUnasked();
else loadLater();
