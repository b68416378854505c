// The loudness of your microphone and of everybody's voice in octaves, measured by an audio worklet (levels-worklet.js).

export const OCTAVES = 4;
const PEOPLE_MAX = 16; // of more nobody is found to be in the same room

const people = Array(PEOPLE_MAX).fill(null); // {id, source}
let microphone = null; // {track, source}
let node = null;
let loading = null;

/**
 * Starts to measure; onValues is called four times a second with powers, twelve values of all inputs: your microphone, then
 * the people of personIds(). Where there are no worklets, or this one does not load, it never is.
 */
export function start(context, onValues) {
  loading ??= load(context, onValues).catch(() => (loading = null)); // the next start asks again
}

/** Whose values those of the inputs after the first are; null where it is nobody. */
export function personIds() {
  return people.map((person) => person?.id ?? null);
}

export function add(id, source) {
  const slot = people.indexOf(null);
  if (slot < 0) return;
  people[slot] = { id, source };
  if (node) source.connect(node, 0, slot + 1);
}

export function remove(id) {
  const slot = people.findIndex((person) => person?.id === id);
  if (slot < 0) return;
  if (node) people[slot].source.disconnect(node, 0, slot + 1);
  people[slot] = null;
}

/** Sets the microphone that is measured, or null. A copy of it is, which is not muted: who is muted can be in a room too. */
export function setMicrophone(context, track) {
  microphone?.source.disconnect();
  microphone?.track.stop();
  microphone = null;
  if (!track) return;
  const copy = track.clone();
  copy.enabled = true;
  microphone = { track: copy, source: context.createMediaStreamSource(new MediaStream([copy])) };
  if (node) microphone.source.connect(node, 0, 0);
}

async function load(context, onValues) {
  await context.audioWorklet.addModule(document.getElementById('voice').dataset.levels);
  node = new AudioWorkletNode(context, 'octave-levels', { numberOfInputs: 1 + PEOPLE_MAX, channelCount: 1, channelCountMode: 'explicit' });
  node.port.onmessage = ({ data }) => onValues(data);
  // It plays nothing, and works only on the way to an output.
  node.connect(context.destination);
  microphone?.source.connect(node, 0, 0);
  people.forEach((person, slot) => person?.source.connect(node, 0, slot + 1));
}
