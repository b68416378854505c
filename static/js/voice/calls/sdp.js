// What our description asks of the other encoder (RFC 7587): speech of one channel with in-band FEC and DTX, 24 kbit/s in packets
// of 40 ms, without extensions of headers that nobody here reads: one of them tells the relay how loud somebody speaks. That is
// 35 kbit/s with every header, so eight calls fit into 300 kbit/s each way.

const OPTIONS = { maxaveragebitrate: '24000', stereo: '0', 'sprop-stereo': '0', useinbandfec: '1', usedtx: '1' };
const PACKET = 'a=ptime:40';
const UNREAD = /^a=(?:extmap:\S+ \S*(?:ssrc-audio-level|abs-send-time|transport-wide-cc)|rtcp-fb:\S+ transport-cc).*\r?\n/gim;

/** The description with our options in the format line of each Opus payload and the length of a packet, less what nobody reads. */
export function withOpusOptions(sdp) {
  const payloads = [...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000/gim)].map(([, payload]) => payload);
  if (!payloads.length) return sdp;
  return withPacket(payloads.reduce(withPayloadOptions, sdp), payloads[0]).replace(UNREAD, '');
}

/** Whether two descriptions are one that was sent again, perhaps with more candidates: of one session, version and start of ICE. */
export function isCopy(one, other) {
  return identityOf(one) === identityOf(other);
}

// Of its origin the session and the version alone: browsers write the rest in their own way when they show what they were given.
function identityOf(sdp) {
  return [/^o=\S+ (\d+ \d+) /m, /^a=ice-ufrag:(.*)$/m, /^a=fingerprint:(.*)$/m].map((line) => line.exec(sdp)?.[1].trim()).join(' ');
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
