// The signalling WebSocket: opened when you join voice, checked for silence, reconnected after a loss.

import { isLeaving } from '../../page/leaving.js';
import { hint } from '../../place/geohash.js';
import { currentPlace } from '../../place/published-place.js';
import { isFinal } from '../../server/close-codes.js';
import { Heartbeat } from '../../server/heartbeat.js';
import { Retry } from '../../server/retry.js';
import { onSignOfLife } from '../../server/signs-of-life.js';

const QUIET_MS = 15_000;
const DEAD_MS = 19_000;
const PROBE_MS = 4000;
const OPENING_MS = 8000;
const SLOW_MS = 3000; // an opening that takes longer is begun anew on another network
const BROKEN = 1006;

const retry = new Retry(connect);
const heartbeat = new Heartbeat({
  quietMs: QUIET_MS,
  deadMs: DEAD_MS,
  probeMs: PROBE_MS,
  ping: () => send({ type: 'ping' }),
  onDead: () => onClose(BROKEN),
});
let socket = null;
let wanted = false;
let openingTimer = 0;
let callbacks = {};

/** Opens it; handlers is {onOpen(), onFrame(frame), onLost(), onFinalClose(code)}. */
export function open(handlers) {
  close();
  callbacks = handlers;
  wanted = true;
  retry.succeed();
  connect();
}

export function close() {
  wanted = false;
  retry.cancel();
  disconnect();
}

/** Sends a frame if the socket is open; returns whether it was. */
export function send(frame) {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

function connect() {
  retry.begin();
  disconnect();
  const address = new URL('/signal', location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  const place = currentPlace();
  if (place) address.searchParams.set('near', hint(place.cell));
  socket = new WebSocket(address);
  socket.onopen = onOpen;
  socket.onmessage = ({ data }) => onFrame(JSON.parse(data));
  socket.onclose = ({ code }) => onClose(code);
  openingTimer = setTimeout(() => onClose(BROKEN), OPENING_MS);
}

// Drops the socket without waiting for its close, which takes minutes when the network is gone; later events are ignored.
function disconnect() {
  clearTimeout(openingTimer);
  heartbeat.stop();
  if (!socket) return;
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close();
  socket = null;
}

function onOpen() {
  clearTimeout(openingTimer);
  heartbeat.start();
  callbacks.onOpen();
}

function onFrame(frame) {
  retry.succeed(); // only a frame counts as success: a server may accept and close at once
  heartbeat.beat();
  if (frame.type !== 'pong') callbacks.onFrame(frame);
}

function onClose(code) {
  disconnect();
  if (!wanted) return;
  if (isFinal(code)) {
    close();
    callbacks.onFinalClose(code);
    return;
  }
  retry.schedule();
  if (!isLeaving()) callbacks.onLost();
}

// Retries now if a retry waits, and probes a socket that is open.
onSignOfLife((woke) => {
  retry.hurry();
  if (woke && socket?.readyState === WebSocket.CONNECTING && retry.ageMs > SLOW_MS) connect();
  else if (woke) heartbeat.probe();
});
