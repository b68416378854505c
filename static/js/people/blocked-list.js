// The people you blocked, in the settings, and the way back: asked for each time the settings are opened.

import { formatNumber, gettext } from '../page/gettext.js';
import { isolated } from '../page/sentences.js';
import { onOpen } from '../page/sheets.js';
import { call, refusalIn, succeeded } from '../server/http.js';
import { sessionKnownSoon } from '../server/session.js';
import { unblock } from './blocks.js';

const UNANSWERED = gettext('NearTalk did not answer. Nothing changed.');

const find = (id) => document.getElementById(id);
let turn = 0; // of answers, only the last one counts

function rows() {
  return [...find('blocked-list').children];
}

function render() {
  const count = rows().length;
  find('blocked-count').textContent = formatNumber(count);
  find('blocked').hidden = !count && !find('blocked-status').textContent;
}

async function load() {
  if (!find('blocked').dataset.from) return; // this server lists none
  turn += 1;
  const mine = turn;
  find('blocked-status').textContent = '';
  await sessionKnownSoon();
  const answer = await call('GET', find('blocked').dataset.from);
  if (mine !== turn) return;
  const found = succeeded(answer) ? new DOMParser().parseFromString(answer.response, 'text/html').querySelectorAll('li[data-person]') : [];
  find('blocked-list').replaceChildren(...[...found].map((row) => document.importNode(row, true)));
  render();
}

async function unblockRow(row, button) {
  button.disabled = true;
  const answer = await call('POST', '/api/unblock', { person_id: row.dataset.person });
  button.disabled = false;
  if (succeeded(answer)) {
    const name = isolated(row.querySelector('bdi').textContent);
    row.remove();
    unblock([row.dataset.person]);
    find('blocked-status').textContent = gettext('{name} is no longer blocked.', { name });
    find('blocked').querySelector('summary').focus();
  } else {
    find('blocked-status').textContent = refusalIn(answer)?.querySelector('.notice-words').textContent.trim() ?? UNANSWERED;
  }
  render();
}

find('blocked-list').addEventListener('click', ({ target }) => {
  const button = target.closest('button');
  if (button) unblockRow(button.closest('li'), button);
});
onOpen('settings', load);
