// What a session description asks of the other side's encoder (RFC 7587): repair of lost packets, and silence in silence.

const WISHES = { useinbandfec: '1', usedtx: '1' };

/** The description with the wishes in the format line of each Opus payload. */
export function wishing(sdp) {
  const payloads = [...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000/gim)].map(([, payload]) => payload);
  return payloads.reduce(withWishes, sdp);
}

function withWishes(sdp, payload) {
  const format = new RegExp(`^a=fmtp:${payload} (.*)$`, 'm');
  if (format.test(sdp)) return sdp.replace(format, (_, asked) => `a=fmtp:${payload} ${merged(asked)}`);
  const map = new RegExp(`^a=rtpmap:${payload} .*$`, 'm');
  return sdp.replace(map, (line) => `${line}\r\na=fmtp:${payload} ${merged('')}`);
}

function merged(asked) {
  const others = asked.split(';').map((one) => one.trim()).filter((one) => one && !(one.split('=')[0] in WISHES));
  return [...others, ...Object.entries(WISHES).map((pair) => pair.join('='))].join(';');
}
