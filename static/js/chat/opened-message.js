// The message that a notification led to: shown and focused once it is there, or the page says that it is gone.

import { clearAlert, showAlert } from '../page/alerts.js';
import { on } from '../server/signals.js';
import { rowOf } from './messages.js';
import { scrollToRow } from './scroll.js';
import { OPENED_GONE } from './words.js';

const HASH = /^#m-(\d+-\d+\.[0-9a-f]+)$/;

let wanted = '';

/** Leads to a message, at once if it is shown. */
export function openMessage(id) {
  wanted = id;
  if (rowOf(id)) show();
}

function show() {
  const row = rowOf(wanted);
  wanted = '';
  clearAlert('opened');
  scrollToRow(row);
}

// After a mark everything before it was sent.
function settle() {
  if (!wanted) return;
  if (rowOf(wanted)) return show();
  wanted = '';
  showAlert('opened', { calm: true, ...OPENED_GONE });
}

const [, asked = ''] = HASH.exec(location.hash) ?? [];
if (asked) {
  history.replaceState(history.state, '', location.pathname + location.search);
  openMessage(asked);
}
on('mark', () => setTimeout(settle)); // behind what lists messages
navigator.serviceWorker?.addEventListener('message', ({ data }) => {
  if (data?.type === 'open' && data.id) openMessage(data.id);
});
