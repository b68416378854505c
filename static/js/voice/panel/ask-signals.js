// That somebody asks, for whoever does not look at the page: in its title, and, unless that is off, by a tone, a buzz and a
// notification. All of it goes once they are answered or ask no more.

import { gettext } from '../../page/gettext.js';
import { closeNotification, countOnBadge, notify } from '../../page/notification.js';
import { announce, withdraw } from '../../page/title.js';
import { signal } from '../audio/signal.js';
import { saved } from '../session-state.js';
import { spoken } from './words.js';

let asking = new Map(); // person_id: the sentence that was announced
let notified = ''; // whose sentence the notification has

/** Signals what is new of those who knock (tiles of view-model.js); returns the new sentences. */
export function signalAsks(knocking) {
  const ids = new Set(knocking.map(({ id }) => id));
  for (const [id, sentence] of asking) if (!ids.has(id)) withdrawAsk(id, sentence);
  const fresh = knocking.filter(({ id }) => !asking.has(id));
  asking = new Map(knocking.map((tile) => [tile.id, asking.get(tile.id) ?? spoken(tile.asks)]));
  if (fresh.length) signalAsk(fresh.at(-1).id);
  return fresh.map(({ id }) => asking.get(id));
}

function signalAsk(id) {
  announce(asking.get(id));
  countOnBadge();
  if (!saved.signals) return;
  signal();
  notify('ask', gettext('Voice'), asking.get(id), { wanted: true });
  notified = id;
}

function withdrawAsk(id, sentence) {
  withdraw(sentence);
  if (notified === id) closeNotification('ask');
}
