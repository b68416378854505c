"""The pure modules of voice, run where they run: in a browser, beside their Python twins."""

from __future__ import annotations

import hashlib
import random
import re
from typing import TYPE_CHECKING, Any

import pytest

from presence import names
from presence.values import Person
from voice.sdp_filter import SdpFilter

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

WISHES = {
    *("maxaveragebitrate=24000", "stereo=0", "sprop-stereo=0"),
    *("useinbandfec=1", "usedtx=1"),
}
PACKET = "a=ptime:40"
WHYS = [
    *("away", "browser", "relay", "unreached", "unhidden"),
    *("closed", "silent", "theirs", "direct", "path"),
]
# The states of a tile (view-model.js), and what each may be told besides a distance.
STATES: dict[str, list[dict[str, Any]]] = {
    "near": [{}, {"door": "open"}, {"door": "locked"}],
    "knocked": [{}],
    "knocks": [{}],
    "declined": [{"seconds": 600}],
    "waiting": [{"ahead": 0, "limit": 8}, {"ahead": 2, "limit": 8}],
    "connecting": [{}, {"why": "away"}],
    "live": [{"direct": True}, {"muted": True}, {"speaks": True}, {"inRoom": True, "name": "Ana"}],
    "failed": [{}],
    "ended": [{"end": end} for end in ("left", "apart", "gone", "declined", "session", "new")],
}


def words(page: Page, function: str, *args: Any) -> Any:
    """The answer of a function of words.js."""
    call = """async ([name, args]) => {
      const words = await import('/static/js/voice/panel/words.js');
      return words[name](...args);
    }"""
    return page.evaluate(call, [function, args])


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


# ---- What a person looks like --------------------------------------------------------------------


def test_a_digest_is_sha_256_at_every_length_around_a_block(page: Page) -> None:
    chance = random.Random(4)
    texts = [
        *("a" * length for length in range(260)),
        *("".join(chr(chance.randrange(1, 0xD7FF)) for _ in range(length)) for length in range(70)),
        "🚲" * 40,
    ]
    found = page.evaluate(
        """async (texts) => {
          const { sha256 } = await import('/static/js/voice/panel/sha256.js');
          return texts.map((text) => [...sha256(text)]);
        }""",
        texts,
    )
    assert [bytes(one) for one in found] == [
        hashlib.sha256(text.encode()).digest() for text in texts
    ]


def test_the_page_and_the_server_give_a_person_the_same_colour_tag_and_initial(page: Page) -> None:
    chance = random.Random(5)
    ids = ["0" * 16, "f" * 16, *(f"{chance.getrandbits(64):016x}" for _ in range(8000))]
    called = [
        "Ana",
        "bo",
        "Олена",
        "ılgın",
        "ß",
        "ǆ",
        "𝒜na",
        "עדן",
        "ñandú",
        "é",
        "7up",
        "👩‍🚀",
        "🇩🇪 Uwe",
        "👍🏽",
        "กี่",
        "ﷺ",
    ]
    people = [
        {"person_id": one, "username": called[turn % len(called)]} for turn, one in enumerate(ids)
    ]
    found = page.evaluate(
        """async (people) => {
          const { person } = await import('/static/js/voice/panel/appearance.js');
          return people.map(person);
        }""",
        people,
    )
    assert found == [
        {
            "id": one["person_id"],
            "name": one["username"],
            "initial": Person(one["person_id"], one["username"]).initial,
            "tag": names.tag(one["person_id"]),
            "colour": names.colour(one["person_id"]),
        }
        for one in people
    ]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        *[
            ("Ana", "ana", True),
            ("Ana", "An\u200da", True),
            ("Ana", "Ána", True),
            ("Ana", "Anа", True),
        ],
        *[("Alice", "AIice", True), ("Mona", "rnona", True), ("Иван", "Иван", True)],
        *[
            ("Ana", "Bo", False),
            ("Ana", "Ivo", False),
            ("Ana", "Иван", False),
            ("Олег", "Иван", False),
        ],
    ],
)
def test_tags_stand_with_names_that_may_resembles(
    page: Page, one: str, other: str, alike: bool
) -> None:
    found = page.evaluate(
        """async (people) => {
          const { ambiguousTags } = await import('/static/js/people/likeness.js');
          return [...ambiguousTags(people)];
        }""",
        [{"name": one, "tag": "aaa"}, {"name": other, "tag": "bbb"}, {"name": one, "tag": "aaa"}],
    )
    assert sorted(found) == (["aaa", "bbb"] if alike else [])


# ---- Session descriptions ------------------------------------------------------------------------


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


# ---- Words ---------------------------------------------------------------------------------------


def test_every_state_of_a_tile_has_words_of_its_own(page: Page) -> None:
    lines = [
        words(page, "tileLine", state, {"distance": "~300 m", **known})
        for state, all_known in STATES.items()
        for known in all_known
    ]
    assert len({*lines}) == len(lines)
    assert not [line for line in lines if re.search(r"undefined|null|NaN|!|please|oops|^$", line)]


def test_a_tile_says_what_the_table_of_words_says(page: Page) -> None:
    def line(state: str, **known: Any) -> Any:
        return words(page, "tileLine", state, {"distance": "~300 m", **known})

    assert line("knocks") == "You hear each other once you let them in."
    assert line("declined", seconds=600) == "Not now. You can ask again in 10 min."
    assert line("ended", end="apart") == "Moved out of your reach"
    assert line("live") == line("near") == "~300 m"
    assert line("near", door="ask") == "~300 m"
    assert line("near", door="open") == "~300 m, open door"
    assert line("near", door="locked") == "~300 m. Not now: talks with nobody new."
    assert line("live", direct=True) == "~300 m, direct"
    in_room = "You are in one room with Ana: their voice comes through the air."
    assert line("live", inRoom=True, speaks=True, name="Ana") == in_room
    assert line("live", inRoom=True, muted=True, name="Ana") == "Muted"
    assert line("waiting", ahead=0, limit=8) == "Next in line. All 8 places are taken."
    right_here = {"distance": "right around you"}
    assert words(page, "tileLine", "near", right_here) == "Right around you"


def test_all_that_can_be_wrong_with_a_microphone_has_words_and_lets_one_listen(page: Page) -> None:
    wrong = ("denied", "unasked", "missing", "busy", "lost", "insecure")
    found = [words(page, "microphoneNotice", state) for state in wrong]
    assert len({str(one) for one in found}) == len(wrong)
    for one in found:
        assert one["words"].endswith("You can listen meanwhile.")
    assert found[0]["title"] == "No microphone yet."
    assert found[0]["words"].startswith("Allow it in the site settings")
    assert [words(page, "microphoneNotice", state) for state in ("off", "asking", "ready")] == [
        None
    ] * 3


@pytest.mark.parametrize(
    ("microphone", "deaf", "said"),
    [
        ({"state": "asking"}, False, "Asking for the microphone"),
        ({"state": "ready"}, False, "Your microphone is on"),
        ({"state": "ready", "muted": True}, False, "You are muted"),
        ({"state": "ready", "muted": True}, True, "You are muted. Others are silent."),
        ({"state": "ready", "held": True}, False, "Your device holds the microphone back"),
        ({"state": "denied"}, False, "No microphone"),
        ({"state": "lost", "muted": True}, True, "No microphone. Others are silent."),
    ],
)
def test_your_microphone_is_a_sentence(
    page: Page, microphone: dict[str, Any], deaf: bool, said: str
) -> None:
    assert (
        words(page, "microphoneLine", {"muted": False, "held": False, **microphone}, deaf) == said
    )


def test_who_hears_you_is_a_sentence(page: Page) -> None:
    def sentence(hearing: list[str], unheard: list[str], speaks: str = "on") -> str:
        return "".join(words(page, "audience", hearing, unheard, speaks))

    assert sentence([], []) == "Nobody hears you yet."
    assert sentence(["Ana"], []) == "Heard by Ana."
    assert sentence(["Ana", "Bo"], ["Cem"]) == "Heard by Ana and Bo; not Cem."
    assert (
        sentence(["Ana"], ["Bo", "Cem"], "muted") == "Heard by Ana once you unmute; not Bo and Cem."
    )
    many = sentence(["Ana"], ["Bo", "Cem", "Dan", "Eva", "Fay"])
    assert many == "Heard by Ana; not Bo, Cem, Dan and 2 more."
    alone = sentence(["Ana"], ["Bo"], "none")
    assert alone == "You hear Ana. Nobody hears you without a microphone."


def test_the_line_above_the_composer_says_whose_voice_is_in_the_air(page: Page) -> None:
    def line(*in_room: bool) -> str:
        talking = [{"name": "Ana", "inRoom": one} for one in in_room]
        shown = words(page, "barLine", talking)
        return "".join(one if isinstance(one, str) else one["name"] for one in shown)

    assert line(True) == "In one room with Ana"
    assert line(True, True) == "In one room with Ana and Ana"
    assert line(True, False) == "In voice with Ana and Ana"
    assert line() == "In voice, with nobody yet"


@pytest.mark.parametrize(
    ("before", "state", "said"),
    [
        (None, "near", ""),
        ("near", "knocked", "You asked Ana to talk"),
        ("knocked", "declined", "Ana said not now"),
        ("near", "declined", ""),
        ("knocked", "waiting", "Ana is in line for a free place"),
        ("knocked", "connecting", "Connecting with Ana"),
        ("connecting", "connecting", ""),
        ("connecting", "live", "Connected with Ana"),
        ("live", "reconnecting", "Lost the connection with Ana, trying again"),
        ("reconnecting", "live", "Ana is back"),
        ("failed", "live", "Ana is back"),
        ("connecting", "failed", "No connection with Ana yet"),
        ("live", "ended", "Ana moved out of your reach"),
        ("ended", "near", ""),
    ],
)
def test_a_change_is_told_once_in_words(
    page: Page, before: str | None, state: str, said: str
) -> None:
    assert words(page, "announcement", "Ana", before, state, "apart") == said


def test_seconds_are_said_as_people_say_them(page: Page) -> None:
    assert [words(page, "duration", seconds) for seconds in (-3, 0.2, 8, 60, 61, 600)] == [
        "1 s",
        "1 s",
        "8 s",
        "60 s",
        "2 min",
        "10 min",
    ]


# ---- Which way a voice goes, and why none leads there --------------------------------------------

STRAIGHT = (
    "Your voice goes straight to them."
    " They can see your address, and from it your provider and often your town."
)


@pytest.mark.parametrize(
    ("hidden", "relay", "said"),
    [
        (False, "none", f"This server has no relay. {STRAIGHT}"),
        (True, "none", f"This server has no relay. {STRAIGHT}"),
        (False, "up", STRAIGHT),
        (False, "down", STRAIGHT),
        (
            True,
            "up",
            "Your voice goes through our relay. The people you talk with cannot see your address.",
        ),
        (
            True,
            "down",
            "Our relay does not answer just now, so calls may not come about."
            " The people you talk with cannot see your address.",
        ),
    ],
)
def test_which_way_a_voice_goes_is_said_as_it_is(
    page: Page, hidden: bool, relay: str, said: str
) -> None:
    assert words(page, "wayLine", hidden, relay) == said


# A call that should come about: both sides have all there is, and the relay works.
WELL: dict[str, Any] = {
    "away": False,
    "made": True,
    "relay": "up",
    "direct": False,
    "own": ["relay"],
    "theirs": ["relay"],
    "answered": True,
}
REASONS: list[tuple[dict[str, Any], str]] = [
    ({}, "path"),
    ({"direct": True, "own": ["host", "srflx", "relay"], "theirs": ["srflx"]}, "path"),
    ({"away": True}, "away"),
    ({"away": True, "made": False, "own": []}, "away"),
    ({"made": False, "own": []}, "browser"),
    ({"relay": "down", "own": []}, "relay"),
    ({"relay": "down", "direct": True, "own": ["host"]}, "relay"),
    ({"relay": "down"}, "path"),
    ({"own": []}, "unreached"),
    ({"direct": True, "own": ["host", "srflx"]}, "unreached"),
    ({"relay": "none", "own": []}, "unhidden"),
    ({"relay": "none", "direct": True, "own": []}, "closed"),
    ({"relay": "none", "direct": True, "own": ["host"], "answered": False}, "silent"),
    ({"answered": False}, "silent"),
    ({"theirs": []}, "theirs"),
    ({"relay": "none", "direct": True, "own": ["host"], "theirs": []}, "direct"),
    ({"relay": "none", "direct": True, "own": ["host"], "theirs": ["host"]}, "direct"),
]


def test_why_a_call_does_not_come_about_is_told_by_what_is_known(page: Page) -> None:
    found = page.evaluate(
        """async (each) => {
          const { reasonOf } = await import('/static/js/voice/calls/why.js');
          return each.map(({ own, theirs, ...known }) =>
            reasonOf({ ...known, own: new Set(own), theirs: new Set(theirs) }));
        }""",
        [{**WELL, **changes} for changes, _ in REASONS],
    )
    assert [*zip(REASONS, found, strict=True)] == [(one, one[1]) for one in REASONS]
    assert {*found} == {*WHYS}


def test_kinds_of_candidates_are_those_of_this_attempt_and_the_one_before(page: Page) -> None:
    relayed = "candidate:1 1 udp 1 203.0.113.7 9 typ relay raddr 0.0.0.0 rport 0"
    described = "v=0\r\na=candidate:1 1 udp 1 10.0.0.7 9 typ host\r\na=sendrecv\r\n"
    found = page.evaluate(
        """async ([relayed, described]) => {
          const { Kinds } = await import('/static/js/voice/calls/why.js');
          const kinds = new Kinds();
          const all = () => [...kinds.all].sort();
          kinds.add(relayed);
          kinds.add('typ srflx');
          kinds.restart();
          kinds.add(described);
          const found = [all()];
          kinds.restart();
          found.push(all());
          kinds.restart();
          return [...found, all()];
        }""",
        [relayed, described],
    )
    assert found == [["host", "relay"], ["host"], []]


def test_somebody_who_is_away_is_told_to_be_so_while_no_call_comes_about(page: Page) -> None:
    for state in ("connecting", "reconnecting", "failed"):
        known = {"distance": "~300 m", "why": "away"}
        assert words(page, "tileLine", state, known) == "Away"
        line = words(page, "brokenLine", state, known)
        assert line == "Away for the moment. The call goes on once they are back."
    assert words(page, "tileLine", "live", {"distance": "~300 m", "why": "away"}) == "~300 m"
    assert words(page, "brokenLine", "live", {"why": "away"}) == ""


def test_every_reason_that_a_call_does_not_come_about_has_words_of_its_own(page: Page) -> None:
    lines = [words(page, "brokenLine", "failed", {"why": why}) for why in WHYS]
    lines.append(words(page, "brokenLine", "reconnecting", {"why": "path"}))
    assert len({*lines}) == len(lines)
    assert not [line for line in lines if not line or not line.endswith(".")]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ({"relay": True, "relay_works": True}, "up"),
        ({"relay": True, "relay_works": False}, "down"),
        ({"relay": True}, "up"),
        ({"relay": False, "relay_works": False}, "none"),
        ({}, "down"),
        ({"relay": "yes"}, "down"),
    ],
)
def test_what_is_known_of_the_relay_is_what_the_server_said_last(
    page: Page, answer: dict[str, Any], state: str
) -> None:
    found = page.evaluate(
        """async (answer) => {
          const { applyRelay, relay } = await import('/static/js/voice/calls/relay.js');
          applyRelay({ relay: true, relay_works: false });
          applyRelay(answer);
          return relay.state;
        }""",
        answer,
    )
    assert found == state
