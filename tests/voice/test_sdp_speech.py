"""What a description that passes the SDP filter asks of another's encoder: speech, and no more."""

import re

import pytest

from tests.voice.descriptions import DIRECT, RELAY_ONLY, offer
from voice.formats import known_format


@pytest.mark.parametrize(
    ("asked", "passed"),
    [
        ("111 minptime=10;useinbandfec=1;usedtx=1", "111 minptime=10;useinbandfec=1;usedtx=1"),
        ("111 maxaveragebitrate=24000;stereo=0", "111 maxaveragebitrate=24000;stereo=0"),
        ("111 maxaveragebitrate=510000", "111 maxaveragebitrate=32000"),
        ("111 maxaveragebitrate=1", "111 maxaveragebitrate=6000"),
        (
            "109 maxplaybackrate=48000;stereo=1;useinbandfec=1",
            "109 maxplaybackrate=48000;useinbandfec=1",
        ),
        ("111 stereo=1; sprop-stereo=1 ;usedtx=1", "111 usedtx=1"),
        ("111 usedtx=1;usedtx=0;new=1;useinbandfec=2", "111 usedtx=1"),
        ("63 111/111", "63 111/111"),
        ("101 0-15", "101 0-15"),
        ("111 stereo=1", None),
        ("111 x-google-max-bitrate=2000", None),
        ("96 level-asymmetry-allowed=1;packetization-mode=1", None),
    ],
)
def test_one_may_ask_for_speech_and_not_for_more_of_anothers_uplink(
    asked: str, passed: str | None
) -> None:
    assert known_format(asked) == passed
    line = "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n"
    for shield in (RELAY_ONLY, DIRECT):
        described = shield.description(offer().replace(line, f"a=fmtp:{asked}\r\n"))
        assert re.findall("a=fmtp:(.*)\r", described) == ([passed] if passed else [])


@pytest.mark.parametrize(
    ("line", "passed"),
    [
        *[("b=AS:24", "b=AS:24"), ("b=AS:510", "b=AS:32"), ("b=TIAS:24000", "b=TIAS:24000")],
        *[("b=TIAS:510000", "b=TIAS:32000"), ("b=AS:999999999", "b=AS:32"), ("b=CT:128", None)],
        *[("a=ptime:40", "a=ptime:40"), ("a=ptime:20", "a=ptime:20"), ("a=ptime:3", None)],
        *[("a=maxptime:120", "a=maxptime:120"), ("a=maxptime:10", None), ("a=ptime:121", None)],
    ],
)
def test_bandwidths_and_packets_are_those_of_speech(line: str, passed: str | None) -> None:
    described = RELAY_ONLY.description(f"{offer()}{line}\r\n")
    found = [one for one in described.split("\r\n") if re.match("b=|a=(?:max)?ptime", one)]
    assert found == ([passed] if passed else [])
