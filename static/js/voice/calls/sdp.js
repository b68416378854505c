// What our description asks of the other encoder (RFC 7587): speech of one channel with in-band FEC and DTX, 24 kbit/s in packets
// of 40 ms. With headers that is less than 37.5 kbit/s: eight calls fit into 300 kbit/s each way. The server lets no more pass.

const OPTIONS = { maxaveragebitrate: '24000', stereo: '0', 'sprop-stereo': '0', useinbandfec: '1', usedtx: '1' };
const PACKET = 'a=ptime:40';

/** The description with our options in the format line of each Opus payload, and the length of a packet. */
export function withOpusOptions(sdp) {
  const payloads = [...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000/gim)].map(([, payload]) => payload);
  return payloads.length ? withPacket(payloads.reduce(withPayloadOptions, sdp), payloads[0]) : sdp;
}

function withPayloadOptions(sdp, payload) {
  const format = new RegExp(`^a=fmtp:${payload} (.*)$`, 'm');
  if (format.test(sdp)) return sdp.replace(format, (_, asked) => `a=fmtp:${payload} ${merged(asked)}`);
  const map = new RegExp(`^a=rtpmap:${payload} .*$`, 'm');
  return sdp.replace(map, (line) => `${line}\r\na=fmtp:${payload} ${merged('')}`);
}

// One attribute for the whole section: in place of another one, or before the first payload of Opus.
function withPacket(sdp, payload) {
  const known = /^a=ptime:.*$/m;
  if (known.test(sdp)) return sdp.replace(known, PACKET);
  return sdp.replace(new RegExp(`^a=rtpmap:${payload} `, 'm'), (line) => `${PACKET}\r\n${line}`);
}

function merged(asked) {
  const others = asked.split(';').map((one) => one.trim()).filter((one) => one && !(one.split('=')[0] in OPTIONS));
  return [...others, ...Object.entries(OPTIONS).map((pair) => pair.join('='))].join(';');
}
