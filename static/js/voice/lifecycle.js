// The lifecycle of voice on this page: microphone check, join, resume after a reload, leave.

import { now, serverNow } from '../server/clock.js';
import { sessionKnown } from '../server/session.js';
import * as volumes from './audio/volumes.js';
import { save, saved, touch, wasJoinedRecently } from './session-state.js';
import { setMediaSession } from './audio/media-session.js';
import * as mic from './audio/microphone.js';
import { hold, isHeld } from '../page/locks.js';
import { clearNotice, showNotice, showPassing } from './panel/notices.js';
import { facts } from './calls/facts.js';
import { DOOR_REF, setDoor } from './calls/door.js';
import { iceServers } from './calls/ice.js';
import { applyRelay, relay } from './calls/relay.js';
import * as room from './calls/room.js';
import { fulfilWish } from './asking.js';
import { display, renderDevices, scheduleRender, setPhase } from './panel/renderer.js';
import { person } from './panel/appearance.js';
import { refusedDoor, unmetWish } from './panel/door-words.js';
import * as notices from './panel/notice-words.js';

const TICK_MS = 1000;
const LOCK = 'neartalk.voice'; // held by the tab that is in voice
const SHOWN_CODES = ['too-fast', 'busy', 'declined', 'locked', 'out-of-reach', 'away'];

const { microphone } = mic;
let ticker = 0;
let tickedAt = 0;
let entered = false; // this page is in voice, or on its way there
let over = null; // why voice ended on this page, since it was last begun
let releaseLock = () => {};

/**
 * Starts the choice of the door and the microphone check; nothing is sent to anybody yet. Where no relay can hide an address, asks
 * before that, unless `direct`: what was pressed said so. The door that is chosen beforehand is `door`, or, where that is '', the one
 * you had, unless it let nobody in.
 */
export function startCheck({ door = '', direct = false } = {}) {
  if (entered) return; // a tap that waited while a reload came back into voice
  over = null;
  display.door = door || (saved.door === 'open' ? 'open' : 'ask');
  for (const subject of ['over', 'passing']) clearNotice(subject);
  if (relay.state === 'none' && saved.policy === 'relay') {
    if (!direct) return askToGoDirect();
    save({ policy: 'direct' });
  }
  setPhase('check');
  volumes.startPlayback();
  openMicrophone();
  iceServers().then(scheduleRender); // and with them whether the relay works
}

export async function openMicrophone(id = saved.input) {
  await mic.openDevice(id);
  renderDevices();
}

/** Wants to talk with somebody, {id, name, tag}: they are asked now, or once you are in. */
export function askFor(who) {
  display.wish = who;
  if (display.phase === 'out') startCheck();
  fulfilWish();
  scheduleRender();
}

/** Chooses who may come in: before joining, or while in voice. */
export function chooseDoor(door) {
  display.door = door;
  save({ door });
  if (display.phase !== 'check') setDoor(door);
  scheduleRender();
}

/** Joins; a microphone that is not ready yet starts muted. */
export function join(muted) {
  save({ door: display.door });
  mic.setMuted(muted || microphone.state !== 'ready');
  enter();
}

/** After a reload: joins again as before, unless another tab has, or the choice before joining was begun anew meanwhile. */
export async function resume() {
  await sessionKnown();
  if (!wasJoinedRecently() || (await isHeld(LOCK)) || display.phase !== 'out') return;
  mic.setMuted(saved.muted);
  volumes.startPlayback();
  enter();
  await openMicrophone();
  volumes.resume(); // some browsers allow playback once a page captures audio
}

/** Leaves voice and says so to the server. */
export function leave() {
  room.leave();
  exit();
}

/** Ends voice on this page without a word to the server: closes microphone, playback and the lock. */
export function exit() {
  display.wish = null;
  entered = false;
  clearInterval(ticker);
  releaseLock();
  save({ joined: false });
  mic.closeDevice();
  volumes.stopPlayback();
  setMediaSession(null);
  for (const subject of ['relay', 'passing']) clearNotice(subject);
  setPhase('out');
  volumes.showSound();
}

/** Ends voice on this page and shows why: a close code or 'elsewhere', or the server's own message. */
export function endWith(why, message) {
  exit();
  over = message ? { title: '', words: message } : notices.overNotice(why);
  showNotice('over', over);
}

/** The visit is over, and its page erased: ends voice with it, or says again why it ended if its own socket was told first. */
export function endVisit(code) {
  if (entered) room.onOver(code);
  else if (display.phase !== 'out') exit();
  else if (over) {
    clearNotice('over'); // it was erased with the page
    showNotice('over', over);
  }
}

export function setMuted(muted) {
  mic.setMuted(muted);
  save({ muted });
}

/** Unmutes while held. A page that is reloaded meanwhile comes back muted. */
export function holdToTalk(held) {
  mic.setMuted(!held);
  save({ muted: true });
}

export function setShield(on) {
  const policy = on ? 'relay' : 'direct';
  clearNotice('relay');
  if (display.phase === 'barred') goDirect();
  else save({ policy }); // now: while voice is lost, a reload must not come back with an address that was hidden
  if (display.phase === 'in') room.setPolicy(policy);
  scheduleRender();
}

function enter() {
  entered = true;
  save({ joined: true, muted: microphone.muted, seen: serverNow() });
  setPhase('joining');
  const { addPerson: onStream, removePerson: onStreamEnd } = volumes;
  setDoor(saved.door || 'ask');
  room.join(saved.policy, { onChange, onStream, onStreamEnd, onRefused, onUnmet, onOver: endWith });
  volumes.showSound();
  holdLock();
  setMediaSession({ hangup: leave, togglemicrophone: () => setMuted(!microphone.muted) });
  clearInterval(ticker);
  ticker = setInterval(tick, TICK_MS);
}

function onChange() {
  scheduleRender();
  if (!facts.joined) return;
  const { requestedPolicy: policy, requestedDoor: door } = facts;
  if (policy !== saved.policy || door !== saved.door) save({ policy, door });
  volumes.applyAll();
  fulfilWish();
}

// Renders countdowns, and names that have changed on the page.
function tick() {
  touch();
  const ended = (until) => until < now() && until >= tickedAt;
  if ([...facts.until.values()].some(ended)) room.requestPeers();
  tickedAt = now();
  scheduleRender();
}

// Holds the lock that keeps another tab from resuming voice after a reload.
function holdLock() {
  releaseLock();
  releaseLock = hold(LOCK);
}

function onRefused({ code, message, ref, retry_after: seconds }) {
  if (code === 'no-relay') {
    applyRelay({ relay: false });
    askToGoDirect();
  } else if (SHOWN_CODES.includes(code) && display.phase === 'in') {
    showPassing(ref === DOOR_REF && seconds ? refusedDoor(seconds) : message);
  }
}

// What you did while voice was lost, and cannot be any more: nothing of it is lost in silence.
function onUnmet(outcomes) {
  showPassing(outcomes.flatMap(([outcome, peer], turn) => [...(turn ? [' '] : []), ...unmetWish(outcome, person(peer))]));
}

// Without a relay nothing goes on before somebody chose that their address is seen.
function askToGoDirect() {
  if (display.phase !== 'in') setPhase('barred');
  const actions = [{ label: notices.GO_DIRECT, run: goDirect }, { label: notices.CANCEL, run: cancel, quiet: true }];
  showNotice('relay', { ...notices.noRelay, actions });
}

function cancel() {
  if (entered) leave();
  else exit();
}

function goDirect() {
  clearNotice('relay');
  save({ policy: 'direct' });
  if (!entered) {
    startCheck({ door: display.door });
    return;
  }
  if (display.phase === 'barred') setPhase('joining');
  room.setPolicy('direct');
  scheduleRender();
}
