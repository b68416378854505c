// The socket's life: opened with the mark, watched for silence, brought back after a loss. htmx's extension holds the
// socket and its frames; when to try again is decided here, so that the status can count and a waking page need not wait.

import { delayMs } from './backoff.js';
import { hint } from '../place/geohash.js';
import { current } from '../place/published-place.js';
import { on } from './signals.js';
import * as status from '../page/status.js';

const QUIET_MS = 20_000;
const DEAD_MS = 25_000;
const PROBE_MS = 5_000;
const OPENING_MS = 10_000;
const AGAIN = [1006, 1011, 1012, 1013];
// htmx's own timer cannot be cancelled, and a second start would close a socket that is fine: so it never comes due.
const NEVER_MS = 2 ** 31 - 1;

let holder = null; // htmx's side of the socket: send and reconnect
let socket = null;
let attempt = 0;
let retryTimer = 0;
let openingTimer = 0;
let deadline = Infinity; // when an open socket that says nothing more counts as dead
let pinged = false;
let mark = '';
let epoch = '';
let hear = {};

/**
 * Begins; hear is {open(), offline(), final(code)}, where final answers whether it goes on by itself.
 * htmx opens the socket when the page has been read.
 */
export function connect(listener) {
  hear = listener;
  htmx.createWebSocket = create;
  htmx.config.wsReconnectDelay = () => {
    retryLater();
    return NEVER_MS;
  };
  document.addEventListener('htmx:wsOpen', opened);
  document.addEventListener('htmx:wsClose', closed);
  document.addEventListener('htmx:wsBeforeMessage', heard);
  on('mark', (signal) => (mark = signal.mark));
  on('welcome', (signal) => (epoch = signal.epoch));
  window.addEventListener('online', wake);
  window.addEventListener('pageshow', wake);
  document.addEventListener('visibilitychange', () => document.hidden || wake());
  window.addEventListener('offline', offline);
  setInterval(watch, 1000);
}

export function isOpen() {
  return socket?.readyState === WebSocket.OPEN;
}

/** Sends a frame if the socket is open; says whether it was. */
export function send(frame) {
  if (!isOpen() || !holder) return false;
  holder.sendImmediately(JSON.stringify(frame));
  return true;
}

export function reconnect() {
  clearTimeout(retryTimer);
  retryTimer = 0;
  silence();
  if (holder) holder.reconnect();
}

function create(url) {
  silence();
  const address = new URL(url);
  const place = current();
  if (place) address.searchParams.set('near', hint(place.cell));
  if (mark) {
    address.searchParams.set('since', mark);
    address.searchParams.set('epoch', epoch);
  }
  socket = new WebSocket(address);
  clearTimeout(openingTimer);
  openingTimer = setTimeout(tookTooLong, OPENING_MS);
  deadline = Infinity;
  status.show('joining');
  return socket;
}

// A socket's late close would be taken for the close of the one that followed it.
function silence() {
  if (!socket) return;
  socket.onopen = socket.onclose = socket.onerror = null;
  socket.close();
  socket = null;
}

function opened({ detail }) {
  holder = detail.socketWrapper;
  clearTimeout(openingTimer);
  expect(DEAD_MS);
  status.show('live');
  hear.open();
}

function closed({ detail }) {
  holder ??= detail.socketWrapper;
  clearTimeout(openingTimer);
  deadline = Infinity;
  socket = null;
  if (AGAIN.includes(detail.event.code)) return; // htmx has asked for the delay already
  status.show(hear.final(detail.event.code) ? 'joining' : 'lost');
}

function heard() {
  attempt = 0; // only a server that speaks counts: one may accept and close at once
  expect(DEAD_MS);
}

function expect(ms) {
  deadline = Date.now() + ms;
  pinged = false;
}

function watch() {
  if (!isOpen()) return;
  if (Date.now() > deadline) reconnect();
  else if (!pinged && Date.now() > deadline - (DEAD_MS - QUIET_MS)) pinged = send({ type: 'ping' });
}

function tookTooLong() {
  socket?.close(); // ends as 1006, so htmx asks for the delay
}

function retryLater() {
  clearTimeout(retryTimer);
  const ms = delayMs(attempt);
  attempt += 1;
  retryTimer = setTimeout(reconnect, ms);
  if (navigator.onLine) status.countdown(ms);
  else offline();
}

// Back from sleep or from a dead network: a waiting try need not wait longer, and an open socket must show that it lives.
function wake() {
  if (retryTimer && !socket) reconnect();
  else probe();
}

function probe() {
  if (!send({ type: 'ping' })) return;
  deadline = Math.min(deadline, Date.now() + PROBE_MS);
  pinged = true;
}

function offline() {
  if (isOpen()) {
    probe();
    return;
  }
  status.show('lost');
  hear.offline();
}
