"""What the tiles and doors of voice offer and say, in the pure modules of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.module_scripts import run
from tests.browser.voice_wire import ANA, BO, CEM, peer

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def tiles(page: Page, *peers: dict[str, Any], calls: dict[str, Any], door: str = "ask") -> Any:
    """The tiles of these peers: `calls` are the states of the page's own calls."""
    return run(
        page,
        """const { tilesOf } = await load('voice/panel/view-model');
        const { peers, calls, door } = argument;
        const none = { joined: true, ended: new Map(), muted: new Map(), until: new Map() };
        return tilesOf({ peers, door, limit: 8, ...none }, {
          stateOf: (id) => calls[id] ?? null, whyOf: () => "path", nowMs: 0,
          speaks: new Set(), inRoom: new Set(), twice: new Set(),
        });""",
        {"peers": peers, "calls": calls, "door": door},
    )


def audience(page: Page, shown: Any) -> Any:
    """Who hears you and why others do not, with names in place of people."""
    return run(
        page,
        """const { audienceOf } = await load('voice/panel/view-model');
        const plain = (parts) => parts.map((part) => part.name ?? part).join('');
        const { sentence, reasons } = audienceOf(argument, [], 'on');
        return { sentence: plain(sentence), reasons: reasons.map(plain) };""",
        shown,
    )


# ---- What a door offers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mine", "theirs", "state", "offered"),
    [
        *[("ask", "ask", "near", "ask"), ("open", "ask", "near", "ask")],
        *[("ask", "open", "near", "talk"), ("open", "open", "near", "talk")],
        *[("ask", "locked", "near", ""), ("locked", "open", "near", "")],
        *[("ask", "open", "knocked", ""), ("ask", "open", "declined", "")],
        *[("ask", "open", "live", ""), ("ask", None, "near", "ask")],
    ],
)
def test_an_open_door_offers_to_talk_a_shut_one_to_ask_and_a_locked_one_nothing(
    page: Page, mine: str, theirs: str | None, state: str, offered: str
) -> None:
    one = peer(ANA, state)
    if theirs is None:  # a server of the release before
        del one["door"]
    else:
        one["door"] = theirs
    (tile,) = tiles(page, one, calls={}, door=mine)
    assert tile["asking"] == offered


@pytest.mark.parametrize(
    ("peers", "door", "outcome"),
    [
        ([], "ask", "absent"),
        ([peer(BO)], "ask", "absent"),
        ([peer(ANA)], "ask", "ask"),
        ([peer(ANA, door="open")], "ask", "ask"),
        ([peer(ANA, "knocks")], "ask", "ask"),
        ([peer(ANA, "declined")], "ask", "declined"),
        ([peer(ANA, door="locked")], "ask", "locked"),
        ([peer(ANA)], "locked", "locked"),
        *[([peer(ANA, state)], "ask", "done") for state in ("knocked", "live", "away", "waiting")],
    ],
)
def test_somebody_who_was_to_be_asked_is_asked_or_it_is_said_why_not(
    page: Page, peers: list[dict[str, Any]], door: str, outcome: str
) -> None:
    found = run(
        page,
        """const { wishOf } = await load('voice/calls/wish');
        const { unmetWish } = await load('voice/panel/door-words');
        const outcome = wishOf(argument.id, argument);
        const ana = { name: 'Ana', tag: '2mq' };
        const plain = (parts) => parts.map((part) => part.name ?? part).join('');
        const said = ['ask', 'done'].includes(outcome) ? '' : plain(unmetWish(outcome, ana));
        return { outcome, said };""",
        {"id": ANA, "peers": peers, "door": door},
    )
    assert found["outcome"] == outcome
    assert bool(found["said"]) is (outcome not in {"ask", "done"})
    assert "undefined" not in found["said"]


def test_whose_doors_are_open_is_named_before_one_joins(page: Page) -> None:
    said = run(
        page,
        """const { openNow } = await load('voice/panel/door-words');
        const plain = (parts) => parts.map((part) => part.name ?? part).join('');
        return argument.map((names) => plain(openNow(names.map((name) => ({ name })))));""",
        [[], ["Ana"], ["Ana", "Bo"], ["Ana", "Bo", "Cem", "Dan"]],
    )
    assert said == ["", "Now: Ana.", "Now: Ana and Bo.", "Now: Ana, Bo and 2 more."]


# ---- The room ------------------------------------------------------------------------------------


def test_calls_are_places_and_all_others_have_a_line(page: Page) -> None:
    states = {"live": "live", "away": "connecting", "waiting": "", "near": "", "knocks": ""}
    shown = [peer(f"{turn}" * 16, state) for turn, state in enumerate(states)]
    found = tiles(page, *shown, calls={"0" * 16: "live"})
    assert {one["state"]: one["place"] for one in found} == {
        **{"knocks": False, "live": True, "connecting": True},
        **{"waiting": False, "near": False},
    }
    (asks,) = [one["asks"] for one in found if one["asks"]]
    said = "".join(part if isinstance(part, str) else part["name"] for part in asks)
    assert said == "P4 wants to talk, ~300 m"


def test_who_is_cut_off_stands_in_the_sentence_with_the_reason_below(page: Page) -> None:
    calls = {ANA: "live", BO: "failed", CEM: "reconnecting"}
    shown = tiles(page, *(peer(one, "live") for one in calls), calls=calls)
    found = audience(page, shown)
    assert found["sentence"] == "Heard by P0; not P1 and P2."
    assert [line.split(":")[0] for line in found["reasons"]] == ["P1", "P2"]
    assert not any("undefined" in line for line in found["reasons"])


def test_whoever_only_waits_is_told_how_many_are_before_them(page: Page) -> None:
    next_one = [peer(ANA, "waiting", ahead=2), peer(BO, "waiting", ahead=0)]
    found = audience(page, tiles(page, *next_one, calls={}))
    assert found["sentence"] == "You are next."
    assert found["reasons"] == ["P0 and P1 have no place free. You are let in as soon as one is."]
    behind = audience(page, tiles(page, peer(ANA, "waiting", ahead=3), calls={}))
    assert behind["sentence"] == "3 people are before you."
    talks = [*next_one, peer(CEM, "live")]
    assert audience(page, tiles(page, *talks, calls={CEM: "live"}))["sentence"] == "Heard by P2."


def test_the_card_and_the_tile_say_what_is_kept(page: Page) -> None:
    words = run(
        page,
        """const { tilesOf } = await load('voice/panel/view-model');
        const none = { ended: new Map(), muted: new Map(), until: new Map() };
        const verbs = ['accept', 'knock'];
        const entries = argument.map(({ person_id: id }, turn) => [id, { verb: verbs[turn] }]);
        const acts = new Map(entries);
        const calls = { stateOf: () => null, whyOf: () => 'path', nowMs: 0 };
        const sets = { speaks: new Set(), inRoom: new Set(), twice: new Set() };
        const facts = { peers: argument, door: 'ask', limit: 8, acts, ...none };
        const shown = (joined) => tilesOf({ joined, ...facts }, { ...calls, ...sets });
        const said = ({ words, asking, cancels }) => [words, asking, cancels];
        return [true, false].map((joined) => shown(joined).map(said));""",
        [peer(ANA, "knocks"), peer(BO)],
    )
    assert words == [
        [["You hear each other once you let them in.", "", False], ["~300 m", "ask", False]],
        [
            ["They are let in as soon as voice is back.", "", False],
            ["They are asked as soon as voice is back.", "", True],
        ],
    ]
