// ICE servers: fetched with their credentials, and again before these end.

const ADDRESS = '/api/voice/ice';
const PATIENCE_MS = 4000;
const RETRY_MS = 10_000;
const RENEW_AT = 0.8; // of the credentials' life

let known = null; // {servers, at, lifeMs}
let asking = null;
let timer = 0;

/** The servers as RTCConfiguration.iceServers; asked for anew where half of their life is over, the old ones if that fails. */
export async function servers() {
  if (!known || Date.now() - known.at > known.lifeMs / 2) await ask().catch(() => {});
  return known?.servers ?? [];
}

/** Calls back with new servers before the old ones end, until `rest`. */
export function keepFresh(listener) {
  rest();
  const life = known ? known.at + known.lifeMs * RENEW_AT - Date.now() : 0;
  timer = setTimeout(() => renew(listener), Math.max(RETRY_MS, life));
}

export function rest() {
  clearTimeout(timer);
}

async function renew(listener) {
  const mine = timer;
  const answered = await ask().then(() => true, () => false);
  if (mine !== timer) return;
  if (answered) listener(known.servers);
  keepFresh(listener);
}

function ask() {
  asking ??= request().finally(() => {
    asking = null;
  });
  return asking;
}

async function request() {
  const answer = await fetch(ADDRESS, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Error(`ICE servers: ${answer.status}`);
  const { ice_servers: found, expires_in: seconds } = await answer.json();
  known = { servers: found, at: Date.now(), lifeMs: seconds * 1000 };
}
