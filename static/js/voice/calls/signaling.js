// The signalling WebSocket: opened when you join voice, checked for silence, reconnected after a loss.

import { delayMs } from '../../server/backoff.js';
import { hint } from '../../place/geohash.js';
import { currentPlace } from '../../place/published-place.js';

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
let checker = 0;
let lastFrameAt = 0;
let pingedAt = 0;
let callbacks = {};

/** Opens it; handlers is {onOpen(), onFrame(frame), onLost(), onFinalClose(code)}. */
export function open(handlers) {
  close();
  callbacks = handlers;
  wanted = true;
  attempt = 0;
  checker = setInterval(checkAlive, 1000);
  window.addEventListener('online', wake);
  window.addEventListener('pageshow', wake);
  document.addEventListener('visibilitychange', wake);
  connect();
}

export function close() {
  wanted = false;
  clearInterval(checker);
  clearTimeout(retryTimer);
  window.removeEventListener('online', wake);
  window.removeEventListener('pageshow', wake);
  document.removeEventListener('visibilitychange', wake);
  disconnect();
}

/** Sends a frame if the socket is open; returns whether it was. */
export function send(frame) {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

function connect() {
  clearTimeout(retryTimer);
  retryTimer = 0;
  disconnect();
  const address = new URL('/signal', location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  const place = currentPlace();
  if (place) address.searchParams.set('near', hint(place.cell));
  socket = new WebSocket(address);
  socket.onopen = onOpen;
  socket.onmessage = ({ data }) => onFrame(JSON.parse(data));
  socket.onclose = ({ code }) => onClose(code);
  openingTimer = setTimeout(() => onClose(1006), OPENING_MS);
}

// Drops the socket without waiting for its close, which takes minutes when the network is gone; later events are ignored.
function disconnect() {
  clearTimeout(openingTimer);
  if (!socket) return;
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close();
  socket = null;
}

function onOpen() {
  clearTimeout(openingTimer);
  lastFrameAt = Date.now();
  pingedAt = 0;
  callbacks.onOpen();
}

function onFrame(frame) {
  attempt = 0; // only a frame counts as success: a server may accept and close at once
  lastFrameAt = Date.now();
  pingedAt = 0;
  if (frame.type !== 'pong') callbacks.onFrame(frame);
}

function onClose(code) {
  disconnect();
  if (!wanted) return;
  if (!AGAIN.includes(code)) {
    close();
    callbacks.onFinalClose(code);
    return;
  }
  retryTimer = setTimeout(connect, delayMs(attempt));
  attempt += 1;
  callbacks.onLost();
}

function checkAlive() {
  if (socket?.readyState !== WebSocket.OPEN) return;
  const quiet = Date.now() - lastFrameAt;
  if (quiet > DEAD_MS || (pingedAt && Date.now() - pingedAt > PROBE_MS)) onClose(1006);
  else if (quiet > QUIET_MS && !pingedAt) probe();
}

function probe() {
  if (send({ type: 'ping' })) pingedAt ||= Date.now();
}

// After sleep or a dead network: retry now if a retry is waiting, and probe a socket that is open.
function wake() {
  if (document.hidden) return;
  if (retryTimer) connect();
  else probe();
}
