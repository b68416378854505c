// Whom you wanted to talk with before you were in voice: they are asked as soon as you are.

import { isAway } from '../people/away.js';
import { facts } from './calls/facts.js';
import * as room from './calls/room.js';
import { wishOf } from './calls/wish.js';
import { showPassing } from './panel/notices.js';
import { display } from './panel/renderer.js';
import { unmetWish } from './panel/door-words.js';

/** Asks them, once it is known who is in voice; where that is not possible it says so. */
export function fulfilWish() {
  if (!display.wish || !facts.joined) return;
  const { id, ...whom } = display.wish;
  display.wish = null;
  const outcome = wishOf(id, facts);
  // The answer says that their device was told.
  if (outcome === 'ask' || (outcome === 'absent' && isAway(id))) room.sendAct('knock', id);
  else if (outcome !== 'done') showPassing(unmetWish(outcome, whom));
}
