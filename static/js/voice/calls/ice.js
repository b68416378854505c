// ICE servers: fetched with their credentials, and renewed before these expire.

const ADDRESS = '/api/voice/ice';
const PATIENCE_MS = 4000;
const RETRY_MS = 10_000;
const RENEW_AT = 0.8; // of the credentials' life

let known = null; // {servers, at, lifeMs}
let refreshing = null;
let timer = 0;

/** Resolves to RTCConfiguration.iceServers: fetched anew after half of their life, the old ones if that fails. */
export async function iceServers() {
  if (!known || Date.now() - known.at > known.lifeMs / 2) await refresh().catch(() => {});
  return known?.servers ?? [];
}

/** Calls back with new servers before the old ones expire, until stopRenewing(). */
export function startRenewing(listener) {
  stopRenewing();
  const life = known ? known.at + known.lifeMs * RENEW_AT - Date.now() : 0;
  timer = setTimeout(() => renew(listener), Math.max(RETRY_MS, life));
}

export function stopRenewing() {
  clearTimeout(timer);
}

async function renew(listener) {
  const mine = timer;
  const answered = await refresh().then(() => true, () => false);
  if (mine !== timer) return;
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
  const answer = await fetch(ADDRESS, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Error(`ICE servers: ${answer.status}`);
  const { ice_servers: found, expires_in: seconds } = await answer.json();
  known = { servers: found, at: Date.now(), lifeMs: seconds * 1000 };
}
