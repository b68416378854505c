"""What one side of a call may ask of the other's encoder: parameters of formats, bandwidths. Pure.

Whoever is asked pays with their uplink, once for each connection. So Opus (RFC 7587) is speech of
one channel, at most BITRATE_MAX, and parameters that are not known here are left out.
"""

import re

BITRATE_MIN, BITRATE_MAX = 6_000, 32_000

SWITCH = re.compile(r"[01]")
RATE_HZ = re.compile(r"8000|12000|16000|24000|48000")
OPUS = {
    "cbr": SWITCH,
    "maxaveragebitrate": re.compile(r"[0-9]{1,7}"),
    "maxplaybackrate": RATE_HZ,
    "minptime": re.compile(r"[0-9]{1,3}"),
    "sprop-maxcapturerate": RATE_HZ,
    "sprop-stereo": re.compile(r"0"),
    "stereo": re.compile(r"0"),
    "usedtx": SWITCH,
    "useinbandfec": SWITCH,
}
# Redundant audio (RFC 2198) and telephone events (RFC 4733).
OTHER = re.compile(r"[0-9]{1,3}(?:/[0-9]{1,3}){1,8}|[0-9]{1,3}(?:-[0-9]{1,3})?", re.ASCII)
# kbit/s, and bit/s.
BANDWIDTH_MAX = {"AS": BITRATE_MAX // 1000, "TIAS": BITRATE_MAX}


def known_format(value: str) -> str | None:
    """The value of an `fmtp` with what is known of it; None where that is nothing."""
    payload, _, asked = value.partition(" ")
    if OTHER.fullmatch(asked):
        return value
    known: dict[str, str] = {}
    for one in asked.split(";"):
        name, _, wanted = one.strip().partition("=")
        if name in OPUS and name not in known and OPUS[name].fullmatch(wanted):
            known[name] = bounded(name, wanted)
    asked = ";".join(map("=".join, known.items()))
    return f"{payload} {asked}" if known else None


def bounded(name: str, wanted: str) -> str:
    if name != "maxaveragebitrate":
        return wanted
    return str(min(max(int(wanted), BITRATE_MIN), BITRATE_MAX))


def known_bandwidth(line: str) -> str:
    """The line of a bandwidth, of at most what Opus may have: some encoders go up to it."""
    unit, _, wanted = line.removeprefix("b=").partition(":")
    return f"b={unit}:{min(int(wanted), BANDWIDTH_MAX[unit])}"
