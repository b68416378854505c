// From a quote to the message that it points to, and back to where you read.

import { scrollToRow } from './scroll.js';

const back = document.getElementById('back');
let from = null; // the row that you came from

/** Leads from a row to the one that it quotes, where that is shown. */
export function jump(row) {
  const quoted = document.getElementById(`m-${row.dataset.re}`);
  if (!quoted) return;
  from = row;
  back.hidden = false;
  scrollToRow(quoted);
}

function returnBack() {
  back.hidden = true;
  if (from?.isConnected) scrollToRow(from);
  else document.getElementById('scroller').focus();
  from = null;
}

back.addEventListener('click', returnBack);
