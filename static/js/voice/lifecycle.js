// The way into voice and out of it: the check of the microphone, joining, being back after a reload, leaving.

import * as hearing from './audio/volumes.js';
import { keep, kept, stamp, wasIn } from './session-state.js';
import * as mic from './audio/microphone.js';
import { clear, notice } from './panel/notices.js';
import * as room from './calls/room.js';
import { become, draw, drawDevices, stage } from './panel/renderer.js';
import * as words from './panel/words.js';

const TICK_MS = 1000;
const PASSING_MS = 8000;
const LOCK = 'neartalk.voice'; // held by the tab that is in voice
const TOLD = ['too-fast', 'busy', 'declined', 'out-of-reach'];

const { microphone } = mic;
const { facts } = room;
let ticking = 0;
let release = () => {};

/** The check: nothing is sent to anybody yet. */
export function start() {
  for (const subject of ['over', 'passing']) clear(subject);
  become('check');
  hearing.start();
  ask();
}

export async function ask(id = kept.input) {
  await mic.open(id);
  drawDevices();
}

/** A microphone that comes only after joining starts muted. */
export function join(muted) {
  mic.mute(muted || microphone.state !== 'ready');
  enter();
}

/** After a reload: in again as before, unless another tab is. */
export async function back() {
  const { held } = (await navigator.locks?.query()) ?? { held: [] };
  if (!wasIn() || held.some(({ name }) => name === LOCK)) return;
  mic.mute(kept.muted);
  enter();
  hearing.start();
  hearing.audible();
  await ask();
  hearing.wake(); // some browsers let a page that listens be heard
}

export function leave() {
  room.leave();
  out();
}

export function out() {
  clearInterval(ticking);
  release();
  keep({ joined: false });
  mic.close();
  hearing.stop();
  hearing.media(null);
  for (const subject of ['relay', 'passing']) clear(subject);
  become('out');
}

export function over(why, message) {
  out();
  notice('over', message ? { title: '', words: message } : words.over(why));
}

export function mute(muted) {
  mic.mute(muted);
  keep({ muted });
}

/** Letting go mutes, and so does a page that is loaded anew meanwhile. */
export function speak(held) {
  mic.mute(!held);
  keep({ muted: true });
}

export function shield(on) {
  const policy = on ? 'relay' : 'direct';
  clear('relay');
  if (stage.phase === 'barred') direct();
  else if (stage.phase === 'in') room.choose(policy);
  else keep({ policy });
  draw();
}

function enter() {
  keep({ joined: true, muted: microphone.muted, seen: Date.now() });
  become('joining');
  room.join(kept.policy, { changed, heard: hearing.heard, silent: hearing.silent, refused, over });
  hold();
  hearing.media({ hangup: leave, togglemicrophone: () => mute(!microphone.muted) });
  clearInterval(ticking);
  ticking = setInterval(tick, TICK_MS);
}

function changed() {
  if (facts.joined && facts.policy !== kept.policy) keep({ policy: facts.policy });
  if (facts.joined) hearing.adjustAll();
  draw();
}

// Countdowns, and names that were changed on the page.
function tick() {
  stamp();
  const now = Date.now();
  if ([...facts.until.values()].some((until) => until < now && until > now - TICK_MS)) room.ask();
  draw();
}

// Another tab that is loaded anew must not take voice over by itself.
function hold() {
  release();
  const held = new Promise((resolve) => (release = resolve));
  navigator.locks?.request(LOCK, { steal: true }, () => held).catch(() => {});
}

function refused({ code, message }) {
  if (code === 'no-relay') {
    const ways = [{ label: 'Stay out', run: leave }, { label: 'Talk directly', run: direct, quiet: true }];
    if (stage.phase === 'joining') become('barred');
    notice('relay', { ...words.noRelay, ways });
  } else if (TOLD.includes(code) && stage.phase === 'in') {
    notice('passing', { title: '', words: message });
    setTimeout(() => clear('passing'), PASSING_MS);
  }
}

function direct() {
  clear('relay');
  keep({ policy: 'direct' });
  if (stage.phase === 'barred') become('joining');
  room.choose('direct');
  draw();
}
