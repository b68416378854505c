// ICE servers: fetched with their credentials, and renewed before these expire.

import { ownJson } from '../../server/answers.js';
import { moment, onJump, since } from '../../server/clock.js';
import { sessionKnownSoon } from '../../server/session.js';
import { applyRelay } from './relay.js';

const ADDRESS = '/api/voice/ice';
const PATIENCE_MS = 4000;
const RETRY_MS = 10_000;
const DOUBT_MS = 30_000; // so old an answer may be where no call comes about
const RENEW_AT = 0.8; // of the credentials' life

let known = null; // {servers, from, lifeMs}
let refreshing = null;
let timer = 0;
let renewing = null; // who is called back

/**
 * Resolves to RTCConfiguration.iceServers: fetched anew after half of their life, sooner if they are doubted; the old ones if
 * that fails.
 */
export async function iceServers(doubted = false) {
  if (!known || since(known.from) > (doubted ? DOUBT_MS : known.lifeMs / 2)) await refresh().catch(() => {});
  return known?.servers ?? [];
}

/** Calls back with new servers before the old ones expire, until stopRenewing(). */
export function startRenewing(listener) {
  stopRenewing();
  const life = known ? known.lifeMs * RENEW_AT - since(known.from) : 0;
  renewing = listener;
  timer = setTimeout(() => renew(listener), Math.max(RETRY_MS, life));
}

export function stopRenewing() {
  clearTimeout(timer);
  renewing = null;
}

async function renew(listener) {
  const answered = await refresh().then(() => true, () => false);
  if (renewing !== listener) return;
  startRenewing(listener);
  if (answered) listener(known.servers);
}

function refresh() {
  refreshing ??= request().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function request() {
  await sessionKnownSoon();
  const from = moment();
  const answer = await fetch(ADDRESS, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(PATIENCE_MS) });
  const body = await ownJson(answer);
  const { ice_servers: found, expires_in: seconds } = body;
  if (!Array.isArray(found) || !(seconds > 0)) throw new Error('Not ICE servers');
  applyRelay(body);
  known = { servers: found, from, lifeMs: seconds * 1000 };
}

// The timer stood still while the device slept.
onJump(() => renewing && startRenewing(renewing));
