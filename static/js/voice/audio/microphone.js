// The microphone: its device, its mute, and its state or error.

import { gettext } from '../../page/gettext.js';

const CONSTRAINTS = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
const KINDS = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
};

// state: off, asking, ready, or what is wrong: denied, unasked, missing, busy, lost, insecure.
export const microphone = { state: 'off', muted: false, held: false, track: null };

let lastRequest = 0;
let listener = () => {};

/** Calls back after each change of `microphone`. */
export function onChange(callback) {
  listener = callback;
}

/** Calls back when devices come or go. */
export function onDevices(listener) {
  navigator.mediaDevices?.addEventListener('devicechange', listener);
}

/** Opens a device, or the default one; the current track stays in use until the new one works. */
export async function openDevice(id = '') {
  if (!navigator.mediaDevices?.getUserMedia) return fail('insecure');
  lastRequest += 1;
  const turn = lastRequest;
  if (!microphone.track) setState('asking');
  try {
    const stream = await request(id);
    if (turn === lastRequest) setTrack(stream.getAudioTracks()[0]);
    else stream.getTracks().forEach((track) => track.stop());
  } catch (error) {
    const kind = await errorKind(error);
    if (turn === lastRequest) fail(kind);
  }
}

export function closeDevice() {
  lastRequest += 1;
  setTrack(null);
}

/** Mutes towards everybody; a change of the device keeps it. */
export function setMuted(muted) {
  microphone.muted = muted;
  if (microphone.track) microphone.track.enabled = !muted;
  listener();
}

/** The devices present: {audioinput, audiooutput}, each a list of {id, label}. */
export async function listDevices() {
  const found = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  const named = (kind, numbered) =>
    found
      .filter((device) => device.kind === kind && device.deviceId)
      .map(({ deviceId, label }, turn) => ({ id: deviceId, label: label || numbered(turn + 1) }));
  return {
    audioinput: named('audioinput', (number) => gettext('Microphone {number}', { number })),
    audiooutput: named('audiooutput', (number) => gettext('Speaker {number}', { number })),
  };
}

/** The device in use, or ''. */
export function currentDevice() {
  return microphone.track?.getSettings().deviceId ?? '';
}

async function request(id) {
  const ask = (device) => navigator.mediaDevices.getUserMedia({ audio: { ...CONSTRAINTS, ...device }, video: false });
  if (!id) return ask({});
  return ask({ deviceId: { exact: id } }).catch((error) => {
    if (KINDS[error.name] !== 'missing') throw error;
    return ask({}); // unplugged since it was chosen
  });
}

function setTrack(track) {
  const old = microphone.track;
  microphone.track = track;
  old?.stop();
  if (!track) return setState('off');
  track.enabled = !microphone.muted;
  track.onended = () => track === microphone.track && onLost();
  // The system takes it away for a while: a phone call, a switch on the headset.
  track.onmute = track.onunmute = () => track === microphone.track && setState('ready');
  return setState('ready');
}

function onLost() {
  microphone.track = null;
  setState('lost');
}

function fail(kind) {
  setState(microphone.track ? 'ready' : kind);
}

function setState(state) {
  microphone.state = state;
  microphone.held = microphone.track?.muted ?? false;
  listener();
}

// A prompt that was only closed may be shown again; a denial stands until the site settings change.
async function errorKind({ name }) {
  const kind = KINDS[name] ?? 'busy';
  if (kind !== 'denied') return kind;
  const permission = await navigator.permissions?.query({ name: 'microphone' }).catch(() => null);
  return permission?.state === 'prompt' ? 'unasked' : 'denied';
}
