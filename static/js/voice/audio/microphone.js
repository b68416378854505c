// The microphone: asked for, chosen, muted, and what is wrong with it.

const WISHES = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
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

let asked = 0;
let changed = () => {};

/** Calls back after each change of `microphone`. */
export function onChange(listener) {
  changed = listener;
}

/** Calls back when devices come or go. */
export function onDevices(listener) {
  navigator.mediaDevices?.addEventListener('devicechange', listener);
}

/** Asks for a device, or for the default one; a microphone that works goes on until the other one does. */
export async function open(id = '') {
  if (!navigator.mediaDevices?.getUserMedia) return wrong('insecure');
  asked += 1;
  const turn = asked;
  if (!microphone.track) become('asking');
  try {
    const stream = await request(id);
    if (turn === asked) use(stream.getAudioTracks()[0]);
    else stream.getTracks().forEach((track) => track.stop());
  } catch (error) {
    const kind = await kindOf(error);
    if (turn === asked) wrong(kind);
  }
}

export function close() {
  asked += 1;
  use(null);
}

/** Silence towards everybody; kept over a change of the device. */
export function mute(muted) {
  microphone.muted = muted;
  if (microphone.track) microphone.track.enabled = !muted;
  changed();
}

/** What is plugged in: {audioinput, audiooutput}, each a list of {id, label}. */
export async function devices() {
  const found = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  const named = (kind, word) =>
    found
      .filter((device) => device.kind === kind && device.deviceId)
      .map(({ deviceId, label }, turn) => ({ id: deviceId, label: label || `${word} ${turn + 1}` }));
  return { audioinput: named('audioinput', 'Microphone'), audiooutput: named('audiooutput', 'Speaker') };
}

/** The device in use, or ''. */
export function chosen() {
  return microphone.track?.getSettings().deviceId ?? '';
}

async function request(id) {
  const ask = (device) => navigator.mediaDevices.getUserMedia({ audio: { ...WISHES, ...device }, video: false });
  if (!id) return ask({});
  return ask({ deviceId: { exact: id } }).catch((error) => {
    if (KINDS[error.name] !== 'missing') throw error;
    return ask({}); // unplugged since it was chosen
  });
}

function use(track) {
  const old = microphone.track;
  microphone.track = track;
  old?.stop();
  if (!track) return become('off');
  track.enabled = !microphone.muted;
  track.onended = () => track === microphone.track && lost();
  // The system takes it away for a while: a phone call, a switch on the headset.
  track.onmute = track.onunmute = () => track === microphone.track && become('ready');
  return become('ready');
}

function lost() {
  microphone.track = null;
  become('lost');
}

function wrong(kind) {
  become(microphone.track ? 'ready' : kind);
}

function become(state) {
  microphone.state = state;
  microphone.held = microphone.track?.muted ?? false;
  changed();
}

// A prompt that was only closed may be asked again; a no stands until the site settings say otherwise.
async function kindOf({ name }) {
  const kind = KINDS[name] ?? 'busy';
  if (kind !== 'denied') return kind;
  const said = await navigator.permissions?.query({ name: 'microphone' }).catch(() => null);
  return said?.state === 'prompt' ? 'unasked' : 'denied';
}
