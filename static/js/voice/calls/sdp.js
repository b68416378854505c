// Opus options in a session description (RFC 7587): asks the other encoder for in-band FEC and for DTX.

const OPTIONS = { useinbandfec: '1', usedtx: '1' };

/** The description with our options in the format line of each Opus payload. */
export function withOpusOptions(sdp) {
  const payloads = [...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000/gim)].map(([, payload]) => payload);
  return payloads.reduce(withPayloadOptions, sdp);
}

function withPayloadOptions(sdp, payload) {
  const format = new RegExp(`^a=fmtp:${payload} (.*)$`, 'm');
  if (format.test(sdp)) return sdp.replace(format, (_, asked) => `a=fmtp:${payload} ${merged(asked)}`);
  const map = new RegExp(`^a=rtpmap:${payload} .*$`, 'm');
  return sdp.replace(map, (line) => `${line}\r\na=fmtp:${payload} ${merged('')}`);
}

function merged(asked) {
  const others = asked.split(';').map((one) => one.trim()).filter((one) => one && !(one.split('=')[0] in OPTIONS));
  return [...others, ...Object.entries(OPTIONS).map((pair) => pair.join('='))].join(';');
}
