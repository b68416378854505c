// The signalling socket: opened when somebody joins voice, watched for silence, brought back after a loss.

import { delayMs } from '../../server/backoff.js';
import { hint } from '../../place/geohash.js';
import { current } from '../../place/published-place.js';

const QUIET_MS = 15_000;
const DEAD_MS = 20_000;
const PROBE_MS = 4000;
const OPENING_MS = 8000;
const AGAIN = [1006, 1011, 1012, 1013];

let socket = null;
let wanted = false;
let attempt = 0;
let retryTimer = 0;
let openingTimer = 0;
let watching = 0;
let heardAt = 0;
let pingedAt = 0;
let hear = {};

/** Begins; hear is {open(), frame(frame), lost(), final(code)}. */
export function open(listener) {
  close();
  hear = listener;
  wanted = true;
  attempt = 0;
  watching = setInterval(watch, 1000);
  window.addEventListener('online', wake);
  window.addEventListener('pageshow', wake);
  document.addEventListener('visibilitychange', wake);
  dial();
}

export function close() {
  wanted = false;
  clearInterval(watching);
  clearTimeout(retryTimer);
  window.removeEventListener('online', wake);
  window.removeEventListener('pageshow', wake);
  document.removeEventListener('visibilitychange', wake);
  drop();
}

/** Sends a frame if the socket is open; says whether it was. */
export function send(frame) {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

function dial() {
  clearTimeout(retryTimer);
  retryTimer = 0;
  drop();
  const address = new URL('/signal', location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  const place = current();
  if (place) address.searchParams.set('near', hint(place.cell));
  socket = new WebSocket(address);
  socket.onopen = opened;
  socket.onmessage = ({ data }) => heard(JSON.parse(data));
  socket.onclose = ({ code }) => closed(code);
  openingTimer = setTimeout(() => closed(1006), OPENING_MS);
}

// A socket whose network is gone closes only after minutes: it is left alone, and nothing it still says counts.
function drop() {
  clearTimeout(openingTimer);
  if (!socket) return;
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close();
  socket = null;
}

function opened() {
  clearTimeout(openingTimer);
  heardAt = Date.now();
  pingedAt = 0;
  hear.open();
}

function heard(frame) {
  attempt = 0; // only a server that speaks counts: one may accept and close at once
  heardAt = Date.now();
  pingedAt = 0;
  if (frame.type !== 'pong') hear.frame(frame);
}

function closed(code) {
  drop();
  if (!wanted) return;
  if (!AGAIN.includes(code)) {
    close();
    hear.final(code);
    return;
  }
  retryTimer = setTimeout(dial, delayMs(attempt));
  attempt += 1;
  hear.lost();
}

function watch() {
  if (socket?.readyState !== WebSocket.OPEN) return;
  const quiet = Date.now() - heardAt;
  if (quiet > DEAD_MS || (pingedAt && Date.now() - pingedAt > PROBE_MS)) closed(1006);
  else if (quiet > QUIET_MS && !pingedAt) probe();
}

function probe() {
  if (send({ type: 'ping' })) pingedAt ||= Date.now();
}

// Back from sleep or a dead network: a waiting try need not wait longer, and an open socket must show that it lives.
function wake() {
  if (document.hidden) return;
  if (retryTimer) dial();
  else probe();
}
