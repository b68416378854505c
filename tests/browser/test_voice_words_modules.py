"""What the modules of voice say of people, calls, microphones and time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.voice_words import words

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

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
    assert line("ended", end="apart") == "Moved too far away"
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


# Words whose order is another one, and what they must leave: people, and volumes.
TRANSLATED = """async () => {
  const { useCatalogue } = await import('/static/js/page/gettext.js');
  const { distanceIn, distanceLine } = await import('/static/js/voice/panel/distance.js');
  const { asks, audience } = await import('/static/js/voice/panel/words.js');
  const { falloff } = await import('/static/js/voice/audio/loudness.js');
  const strings = {
    'further away': 'weiter weg',
    'right around you': 'hier',
    'Right around you': 'Hier',
    '{person} wants to talk, {distance}': '{distance}: es fragt {person}',
    'Heard by {people}; not {others}.': 'Ohne {others} hören dich {people}.',
  };
  const [ana, bo] = [{ name: 'Ana' }, { name: 'Bo' }];
  const labels = ['right around you', 'further away', '~1.5 km'];
  useCatalogue({ plural: () => 0, strings });
  try {
    return {
      labels: labels.map((one) => [distanceIn(one), distanceLine(one), falloff(one)]),
      asks: asks(ana, 'right around you'),
      audience: audience([ana], [bo], 'on'),
    };
  } finally {
    useCatalogue({ plural: (count) => Number(count !== 1), strings: {} });
  }
}"""


def test_what_voice_says_is_in_the_order_of_a_language_and_as_loud_as_before(page: Page) -> None:
    ana, bo = {"name": "Ana"}, {"name": "Bo"}
    assert page.evaluate(TRANSLATED) == {
        "labels": [
            ["hier", "Hier", 1],
            ["weiter weg", "Further away", 0.2],
            ["~1.5 km", "~1.5 km", 0.25],
        ],
        "asks": ["hier", ": es fragt ", ana],
        "audience": ["Ohne ", bo, " hören dich ", ana, "."],
    }


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
        ("live", "ended", "Ana moved too far away"),
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
