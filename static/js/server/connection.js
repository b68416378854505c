// The page's WebSocket: opened with the mark to resume from, checked for silence, reconnected after a loss. htmx's extension
// owns the socket and its frames; retries are timed here, so that the status can count down and a waking page need not wait.

import { delayMs } from './backoff.js';
import { hint } from '../place/geohash.js';
import { currentPlace } from '../place/published-place.js';
import { on } from './signals.js';
import * as status from '../page/status.js';

const QUIET_MS = 20_000;
const DEAD_MS = 25_000;
const PROBE_MS = 5_000;
const OPENING_MS = 10_000;
const AGAIN = [1006, 1011, 1012, 1013];
// htmx's own timer cannot be cancelled, and a second start would close a socket that is fine: so it never comes due.
const NEVER_MS = 2 ** 31 - 1;

let wrapper = null; // htmx's side of the socket: send and reconnect
let socket = null;
let attempt = 0;
let retryTimer = 0;
let openingTimer = 0;
let deadline = Infinity; // when an open socket without another frame counts as dead
let pinged = false;
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
  htmx.config.wsReconnectDelay = () => {
    scheduleRetry();
    return NEVER_MS;
  };
  document.addEventListener('htmx:wsOpen', onOpen);
  document.addEventListener('htmx:wsClose', onClose);
  document.addEventListener('htmx:wsBeforeMessage', onFrame);
  on('mark', (signal) => (mark = signal.mark));
  on('welcome', (signal) => (epoch = signal.epoch));
  window.addEventListener('online', wake);
  window.addEventListener('pageshow', wake);
  document.addEventListener('visibilitychange', () => document.hidden || wake());
  window.addEventListener('offline', onOffline);
  setInterval(checkDeadline, 1000);
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
  clearTimeout(retryTimer);
  retryTimer = 0;
  detach();
  if (wrapper) wrapper.reconnect();
}

function createSocket(url) {
  detach();
  const address = new URL(url);
  const place = currentPlace();
  if (place) address.searchParams.set('near', hint(place.cell));
  if (mark) {
    address.searchParams.set('since', mark);
    address.searchParams.set('epoch', epoch);
  }
  socket = new WebSocket(address);
  clearTimeout(openingTimer);
  openingTimer = setTimeout(onOpeningTimeout, OPENING_MS);
  deadline = Infinity;
  status.showStatus('joining');
  return socket;
}

// A socket's late close would be taken for the close of the one that followed it.
function detach() {
  if (!socket) return;
  socket.onopen = socket.onclose = socket.onerror = null;
  socket.close();
  socket = null;
}

function onOpen({ detail }) {
  wrapper = detail.socketWrapper;
  clearTimeout(openingTimer);
  extendDeadline(DEAD_MS);
  status.showStatus('live');
  callbacks.onOpen();
}

function onClose({ detail }) {
  wrapper ??= detail.socketWrapper;
  clearTimeout(openingTimer);
  deadline = Infinity;
  socket = null;
  if (AGAIN.includes(detail.event.code)) return; // htmx has asked for the delay already
  status.showStatus(callbacks.onFinalClose(detail.event.code) ? 'joining' : 'lost');
}

function onFrame() {
  attempt = 0; // only a frame counts as success: a server may accept and close at once
  extendDeadline(DEAD_MS);
}

function extendDeadline(ms) {
  deadline = Date.now() + ms;
  pinged = false;
}

function checkDeadline() {
  if (!isOpen()) return;
  if (Date.now() > deadline) reconnect();
  else if (!pinged && Date.now() > deadline - (DEAD_MS - QUIET_MS)) pinged = send({ type: 'ping' });
}

function onOpeningTimeout() {
  socket?.close(); // ends as 1006, so htmx asks for the delay
}

function scheduleRetry() {
  clearTimeout(retryTimer);
  const ms = delayMs(attempt);
  attempt += 1;
  retryTimer = setTimeout(reconnect, ms);
  if (navigator.onLine) status.showCountdown(ms);
  else onOffline();
}

// After sleep or a dead network: retry now if a retry is waiting, and probe a socket that is open.
function wake() {
  if (retryTimer && !socket) reconnect();
  else probe();
}

function probe() {
  if (!send({ type: 'ping' })) return;
  deadline = Math.min(deadline, Date.now() + PROBE_MS);
  pinged = true;
}

function onOffline() {
  if (isOpen()) {
    probe();
    return;
  }
  status.showStatus('lost');
  callbacks.onOffline();
}
