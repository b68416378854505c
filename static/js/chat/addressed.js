// What is written to you: an answer to your message, or words that mention you. A hidden page says so in its title, on the badge and
// by a notification.

import { countOnBadge, notify } from '../page/notification.js';
import { announce } from '../page/title.js';
import { ownId } from '../server/session.js';
import { onArrival, rowOf } from './messages.js';
import { ADDRESSED } from './words.js';

/** 'reply' or 'mention' where a row is written to you, else ''. */
export function addressOf({ dataset }) {
  if (dataset.re && rowOf(dataset.re)?.classList.contains('mine')) return 'reply';
  return (dataset.at ?? '').split(' ').includes(ownId()) ? 'mention' : '';
}

onArrival((row) => {
  const kind = addressOf(row);
  if (!kind || !document.hidden) return;
  const sentence = ADDRESSED[kind](row.querySelector('bdi').textContent);
  announce(sentence);
  countOnBadge();
  notify(kind, sentence, '', { id: row.dataset.id });
});
