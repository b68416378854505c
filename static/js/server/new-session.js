// A new session: its name, how roughly others can place its person, and what it costs.

import { call, refusalIn, succeeded } from './http.js';
import { asksForWork, canWork, work } from './price.js';

const TURNS = 4; // a name that is refused, and work that came late or while the price rose

/**
 * Creates a session, which keeps the name that the page shows if the server accepts it; `isOver` says that nobody wants it any more.
 * It costs work where many came from this network. Resolves to the XMLHttpRequest.
 */
export async function createSession(roughness, isOver) {
  const username = document.getElementById('self')?.dataset.name;
  let values = { ...(username && { username }), ...(roughness === 'area' && { roughness }) };
  let made = await call('POST', '/api/session/create', values);
  for (let turn = 0; turn < TURNS && !succeeded(made); turn += 1) {
    if (asksForWork(refusalIn(made))) {
      const altcha = canWork() ? await work() : null;
      if (altcha === null || isOver()) return made;
      values = altcha ? { ...values, altcha } : values;
    } else if (made.status === 422 && values.username) {
      delete values.username; // the work is not spent
    } else return made;
    made = await call('POST', '/api/session/create', values);
  }
  return made;
}
