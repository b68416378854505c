"""Which way a voice goes, and why none leads there, as the modules of voice know and say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.voice_words import words

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

WHYS = [
    *("away", "browser", "relay", "unreached", "unhidden"),
    *("closed", "silent", "theirs", "direct", "path"),
]


# ---- Which way a voice goes ----------------------------------------------------------------------

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


# ---- Why none leads there ------------------------------------------------------------------------

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
