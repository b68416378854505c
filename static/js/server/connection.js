// The page's WebSocket: opened with the mark to resume from, checked for silence, reconnected after a loss. htmx's extension
// owns the socket and its frames; what a close means and when to come back is decided here, by the socket itself.

import { hint } from '../place/geohash.js';
import { currentPlace } from '../place/published-place.js';
import { isLeaving } from '../page/leaving.js';
import * as status from '../page/status.js';
import { onJump } from './clock.js';
import { isFinal } from './close-codes.js';
import { Heartbeat } from './heartbeat.js';
import { Retry } from './retry.js';
import { forgetSession } from './session.js';
import { on } from './signals.js';
import { onSignOfLife } from './signs-of-life.js';

const QUIET_MS = 20_000;
const DEAD_MS = 25_000;
const PROBE_MS = 5_000;
const OPENING_MS = 10_000;
const STALE_MS = 12_000; // a mark comes every 10 s: with less quiet than this nothing is wrong
const SLOW_MS = 3_000; // an opening that takes longer is begun anew on another network
// htmx comes back by itself after some codes, whatever happened meanwhile: its timer cannot be cancelled, so it never comes due.
const NEVER_MS = 2 ** 31 - 1;

const retry = new Retry(reconnect);
const heartbeat = new Heartbeat({ quietMs: QUIET_MS, deadMs: DEAD_MS, probeMs: PROBE_MS, ping: () => send({ type: 'ping' }), onDead: reconnect });
let wrapper = null; // htmx's side of the socket: send and reconnect
let socket = null;
let openingTimer = 0;
let mark = '';
let epoch = '';
let callbacks = {};

/**
 * Starts; handlers is {onOpen(), onOffline(), onFinalClose(code)}. onFinalClose returns whether the page reconnects by itself.
 * htmx opens the socket when the page has been parsed.
 */
export function connect(handlers) {
  callbacks = handlers;
  htmx.createWebSocket = createSocket;
  htmx.config.wsReconnectDelay = () => NEVER_MS;
  document.addEventListener('htmx:wsOpen', onOpen);
  document.addEventListener('htmx:wsClose', ({ detail }) => (wrapper ??= detail.socketWrapper));
  document.addEventListener('htmx:wsBeforeMessage', onFrame);
  on('mark', (signal) => (mark = signal.mark));
  on('welcome', (signal) => (epoch = signal.epoch));
  window.addEventListener('offline', onOffline);
  onSignOfLife(onSign);
  onJump(() => isOpen() && reconnect()); // its welcome says the server's time
}

export function isOpen() {
  return socket?.readyState === WebSocket.OPEN;
}

/** Sends a frame if the socket is open; returns whether it was. */
export function send(frame) {
  if (!isOpen() || !wrapper) return false;
  wrapper.sendImmediately(JSON.stringify(frame));
  return true;
}

export function reconnect() {
  if (!wrapper) return socket?.close(); // htmx hands over its side with this close, and then the page comes back
  retry.cancel();
  detach();
  return wrapper.reconnect();
}

/** Comes back after a delay, as after a loss. */
export function reconnectLater() {
  const ms = retry.schedule();
  if (isLeaving()) return;
  if (navigator.onLine) status.showCountdown(ms);
  else onOffline();
}

function createSocket(url) {
  detach();
  retry.begin();
  const address = new URL(url);
  const place = currentPlace();
  if (place) address.searchParams.set('near', hint(place.cell));
  if (mark) {
    address.searchParams.set('since', mark);
    address.searchParams.set('epoch', epoch);
  }
  socket = new WebSocket(address);
  socket.addEventListener('close', onClose);
  openingTimer = setTimeout(onOpeningTimeout, OPENING_MS);
  if (!isLeaving()) status.showStatus('joining');
  return socket;
}

// A socket's late close would be taken for the close of the one that followed it.
function detach() {
  clearTimeout(openingTimer);
  heartbeat.stop();
  forgetSession();
  if (!socket) return;
  socket.removeEventListener('close', onClose);
  socket.onopen = socket.onclose = socket.onerror = null;
  socket.close();
  socket = null;
}

function onOpen({ detail }) {
  wrapper = detail.socketWrapper;
  clearTimeout(openingTimer);
  heartbeat.start();
  status.showStatus('live');
  callbacks.onOpen();
}

function onClose({ code }) {
  clearTimeout(openingTimer);
  heartbeat.stop();
  forgetSession();
  socket = null;
  if (isFinal(code)) status.showStatus(callbacks.onFinalClose(code) ? 'joining' : 'lost');
  else reconnectLater();
}

function onFrame() {
  retry.succeed(); // only a frame counts as success: a server may accept and close at once
  heartbeat.beat();
}

// Not by detach() before htmx has handed over its side: it does so with the first close.
function onOpeningTimeout() {
  socket.close();
  if (!wrapper) return;
  detach();
  reconnectLater();
}

// Retries now if a retry waits, and probes a socket that is open.
function onSign(woke) {
  retry.hurry();
  if (woke && socket?.readyState === WebSocket.CONNECTING && retry.ageMs > SLOW_MS) reconnect();
  else if (woke || (heartbeat.ageMs > STALE_MS && !heartbeat.pinged)) heartbeat.probe();
}

function onOffline() {
  if (isOpen()) {
    heartbeat.probe();
    return;
  }
  status.showStatus('lost');
  callbacks.onOffline();
}
