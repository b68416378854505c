"""What the page asks of session descriptions, by what Chromium writes and in odd ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from voice.sdp_filter import SdpFilter

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

WISHES = {
    *("maxaveragebitrate=24000", "stereo=0", "sprop-stereo=0"),
    *("useinbandfec=1", "usedtx=1"),
}
PACKET = "a=ptime:40"


def with_opus_options(page: Page, *descriptions: str) -> list[str]:
    call = """async (all) => {
      const { withOpusOptions } = await import('/static/js/voice/calls/sdp.js');
      return all.map((sdp) => withOpusOptions(sdp));
    }"""
    return list(page.evaluate(call, descriptions))


def formats(sdp: str) -> dict[str, set[str]]:
    """What is asked of each payload that has a format line."""
    lines = re.findall(r"^a=fmtp:(\d+) (.*?)\r?$", sdp, re.M)
    return {payload: set(asked.split(";")) for payload, asked in lines}


def test_what_chromium_offers_asks_for_repair_and_silence_and_keeps_the_rest(page: Page) -> None:
    offered, asked, answered = page.evaluate(
        """async () => {
          const { withOpusOptions } = await import('/static/js/voice/calls/sdp.js');
          const [one, other] = [new RTCPeerConnection(), new RTCPeerConnection()];
          one.addTransceiver('audio');
          await one.setLocalDescription();
          const offered = one.localDescription.sdp; // candidates are added to it
          const sdp = withOpusOptions(offered);
          await other.setRemoteDescription({ type: 'offer', sdp });
          await other.setLocalDescription();
          const back = withOpusOptions(other.localDescription.sdp);
          await one.setRemoteDescription({ type: 'answer', sdp: back });
          const all = [offered, sdp, back];
          for (const pc of [one, other]) pc.close();
          return all;
        }"""
    )
    (opus,) = re.findall(r"^a=rtpmap:(\d+) opus/48000/2\r$", offered, re.M)
    assert formats(asked)[opus] == formats(offered)[opus] | WISHES
    assert formats(answered)[opus] >= WISHES
    others = [line for line in offered.split("\r\n") if not line.startswith(f"a=fmtp:{opus} ")]
    kept = [line for line in asked.split("\r\n") if not line.startswith(f"a=fmtp:{opus} ")]
    unread = re.compile("a=extmap:.*(ssrc-audio-level|abs-send-time|transport-wide-cc)|a=rtcp-fb")
    assert [*filter(unread.match, others)], "Chromium offers some"
    assert [one for one in kept if one != PACKET] == [
        one for one in others if not unread.match(one)
    ]
    assert asked.count(PACKET) == answered.count(PACKET) == 1
    passed = SdpFilter(relay_only=True).description(asked)
    assert formats(passed)[opus] == formats(asked)[opus], "the server lets just these pass"
    assert f"{PACKET}\r\n" in passed
    assert with_opus_options(page, asked) == [asked]


@pytest.mark.parametrize(
    ("sdp", "asks"),
    [
        pytest.param("a=rtpmap:111 opus/48000/2\r\n", {"111": WISHES}, id="no format line"),
        pytest.param("a=rtpmap:111 OPUS/48000/2\n", {"111": WISHES}, id="bare line ends"),
        pytest.param(
            "a=fmtp:111 minptime=10; useinbandfec=0 ;usedtx=0;\r\na=rtpmap:111 opus/48000/2\r\n",
            {"111": {"minptime=10", *WISHES}},
            id="wishes of their own, before the map",
        ),
        pytest.param(
            "a=rtpmap:11 opus/48000/2\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 cbr=1\r\n",
            {"11": WISHES, "111": {"cbr=1", *WISHES}},
            id="two, one the beginning of the other",
        ),
        pytest.param(
            "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 flag;config=ab==\r\n",
            {"111": {"flag", "config=ab==", *WISHES}},
            id="parameters of another shape",
        ),
        pytest.param(
            "a=ptime:20\r\na=rtpmap:111 opus/48000/2\r\n"
            "a=fmtp:111 maxaveragebitrate=510000;stereo=1",
            {"111": WISHES},
            id="more than anybody needs",
        ),
        pytest.param("a=rtpmap:0 PCMU/8000\r\na=fmtp:0 x=1\r\n", {"0": {"x=1"}}, id="no opus"),
        pytest.param("", {}, id="nothing"),
    ],
)
def test_odd_descriptions_ask_too_and_lose_nothing(
    page: Page, sdp: str, asks: dict[str, set[str]]
) -> None:
    (asked,) = with_opus_options(page, sdp)
    assert formats(asked) == asks
    maps = [line for line in sdp.splitlines() if line.startswith("a=rtpmap")]
    assert [line for line in asked.splitlines() if line.startswith("a=rtpmap")] == maps
    packets = [line for line in asked.splitlines() if line.startswith("a=ptime")]
    assert packets == ([PACKET] if "opus" in sdp.lower() else [])
    assert with_opus_options(page, asked) == [asked]
