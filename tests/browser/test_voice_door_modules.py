"""Doors and requests in the pure modules of the page, and on its wire, with a played server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.module_scripts import ICE, SIGNALING, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.support.servers import Server

pytestmark = pytest.mark.browser

ANA, BO, CEM = ("0" * 16, "1" * 16, "2" * 16)


def peer(person_id: str, state: str = "near", **fields: Any) -> dict[str, Any]:
    known = {"person_id": person_id, "username": f"P{person_id[0]}", "distance": "~300 m"}
    return {**known, "state": state, "door": "ask", **fields}


def tiles(page: Page, *peers: dict[str, Any], calls: dict[str, Any], door: str = "ask") -> Any:
    """The tiles of these peers: `calls` are the states of the page's own calls."""
    return run(
        page,
        """const { tilesOf } = await load('voice/panel/view-model');
        const { peers, calls, door } = argument;
        const none = { ended: new Map(), muted: new Map(), until: new Map() };
        return tilesOf({ peers, door, limit: 8, ...none }, {
          stateOf: (id) => calls[id] ?? null, whyOf: () => "path", nowMs: 0,
          speaks: new Set(), inRoom: new Set(),
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
        const said = ['ask', 'done'].includes(outcome) ? '' : unmetWish(outcome, 'Ana 2mq');
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
        return argument.map((names) => openNow(names));""",
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
    assert [one["asks"] for one in found if one["asks"]] == ["wants to talk, ~300 m"]


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


# ---- On the wire ---------------------------------------------------------------------------------

# The room is joined with an open door. `sent` is what the page sends, `peers` and `refuse` are what
# the server says.
JOIN = """const { setDoor } = await load('voice/calls/door');
const { facts } = await load('voice/calls/facts');
const room = await load('voice/calls/room');
window.sent = [];
window.WebSocket.prototype.send = (text) => window.sent.push(JSON.parse(text));
window.peers = (door) => window.receive({
  type: 'voice.peers', policy: 'relay', door, unheard: [], count: 0, limit: 8, peers: [],
});
window.refuse = (code, ref) => window.receive({ type: 'error', code, ref, message: 'No.' });
Object.assign(window, { facts, room, setDoor });
setDoor('open');
room.join('relay', { onChange() {}, onRefused({ code }) { window.refused = code; } });
window.signaling.onopen();
window.peers('open');"""
DOORS = "window.sent.filter(({ type }) => type === 'voice.door')"
SETTLED_MS = 300


@pytest.fixture
def joined(browser: Browser, server: Server) -> Iterator[Page]:
    """In voice with an open door; the clock is the test's."""
    page = browser.new_page()
    page.clock.install()
    page.goto(f"{server.url}/")
    page.evaluate(SIGNALING)
    page.evaluate(ICE, None)
    run(page, JOIN)
    yield page
    page.close()


def test_the_join_says_the_door_and_what_is_chosen_later_a_frame_of_its_own(joined: Page) -> None:
    assert joined.evaluate("window.sent[0].door") == "open"
    joined.evaluate("for (const door of ['ask', 'locked']) setDoor(door)")
    joined.evaluate("peers('open')")
    chosen = joined.evaluate("facts.requestedDoor")
    assert chosen == "locked", "an older list does not undo what was chosen"
    joined.clock.run_for(SETTLED_MS)
    joined.evaluate("peers('locked')")
    assert joined.evaluate(DOORS) == [
        {"type": "voice.door", "open": False, "locked": True, "ref": "door"}
    ]
    assert joined.evaluate("[facts.door, facts.doorPending]") == ["locked", False]


def test_a_server_that_says_nothing_of_doors_holds_none(joined: Page) -> None:
    """One of the release before, to which a rolling deployment has brought the page."""
    joined.evaluate("setDoor('locked')")
    joined.clock.run_for(SETTLED_MS)
    joined.evaluate("peers('locked')")
    joined.evaluate("peers(undefined)")
    assert joined.evaluate("[facts.door, facts.requestedDoor]") == ["ask", "ask"]


def test_a_call_that_is_ended_while_voice_is_lost_ends_at_once_and_stays_so(joined: Page) -> None:
    live = [peer(one, "live", instance="page", polite=False, direct=False) for one in (ANA, BO)]
    joined.evaluate(
        """(live) => {
        window.RTCPeerConnection = class {};
        Object.assign(room.mesh, { onStreamEnd() {}, onChange() {} });
        const list = { type: 'voice.peers', policy: 'relay', door: 'open', limit: 8 };
        window.listed = (peers) => window.receive({ ...list, unheard: [], count: 2, peers });
        window.calls = () => [...room.mesh.calls.keys()];
        listed(live);
      }""",
        live,
    )
    assert joined.evaluate("calls()") == [ANA, BO]
    joined.evaluate("signaling.onclose({ code: 1006 })")
    joined.evaluate("(id) => room.sendAct('decline', id)", ANA)
    assert joined.evaluate("calls()") == [BO]
    for _ in range(60):  # the next socket comes after a while that chance decides
        if joined.evaluate("Boolean(signaling.onopen)"):
            break
        joined.clock.run_for(500)
    joined.evaluate("signaling.onopen()")
    joined.evaluate("(live) => listed(live)", live)
    assert joined.evaluate("calls()") == [BO]
    declined = "window.sent.filter(({ type }) => type === 'voice.decline').map(({ to }) => to)"
    assert joined.evaluate(declined) == [ANA]


def test_a_call_with_somebody_who_is_blocked_ends_also_while_voice_is_lost(joined: Page) -> None:
    live = [peer(one, "live", instance="page", polite=False, direct=False) for one in (ANA, BO)]
    joined.evaluate(
        """async ([live, blocked]) => {
        const { block } = await import('/static/js/people/blocks.js');
        window.RTCPeerConnection = class {};
        Object.assign(room.mesh, { onStreamEnd() {}, onChange() {} });
        const list = { type: 'voice.peers', policy: 'relay', door: 'open', limit: 8 };
        window.receive({ ...list, unheard: [], count: 2, peers: live });
        signaling.onclose({ code: 1006 });
        block([blocked]);
        room.endBlocked();
      }""",
        [live, ANA],
    )
    assert joined.evaluate("[...room.mesh.calls.keys()]") == [BO]


def test_a_refused_door_is_as_it_was(joined: Page) -> None:
    joined.evaluate("setDoor('ask')")
    joined.clock.run_for(SETTLED_MS)
    joined.evaluate("refuse('too-fast', 'door')")
    found = joined.evaluate("[facts.requestedDoor, facts.doorPending, window.refused]")
    assert found == ["open", False, "too-fast"]


def test_a_door_that_is_refused_after_another_was_chosen_leaves_that_one(joined: Page) -> None:
    joined.evaluate("setDoor('ask')")
    joined.clock.run_for(SETTLED_MS)
    joined.evaluate("setDoor('locked')")
    joined.evaluate("refuse('too-fast', 'door')")
    assert joined.evaluate("facts.requestedDoor") == "locked"
    joined.clock.run_for(SETTLED_MS)
    assert joined.evaluate(f"{DOORS}.map(({{ locked }}) => locked)") == [False, True]


def test_a_door_that_is_chosen_while_voice_is_lost_goes_with_the_next_join(joined: Page) -> None:
    joined.evaluate("setDoor('ask')")
    joined.clock.run_for(SETTLED_MS)
    joined.evaluate("refuse('not-joined', 'door')")
    joined.clock.run_for(2000)
    joins = "window.sent.filter(({ type }) => type === 'voice.join').map(({ door }) => door)"
    assert joined.evaluate(joins) == ["open", "ask"]
    joined.evaluate("peers('ask')")
    assert joined.evaluate("[facts.requestedDoor, facts.doorPending]") == ["ask", False]


def test_after_voice_was_left_no_door_is_sent(joined: Page) -> None:
    joined.evaluate("setDoor('ask')")
    joined.evaluate("room.leave()")
    joined.clock.run_for(SETTLED_MS)
    assert joined.evaluate(DOORS) == []


def test_whoever_is_told_that_a_door_is_locked_asks_for_the_list_anew(joined: Page) -> None:
    joined.evaluate("(id) => { room.sendAct('knock', id); refuse('locked', id); }", ANA)
    found = joined.evaluate("[window.sent.at(-1).type, window.refused]")
    assert found == ["voice.peers", "locked"]


def test_the_door_of_a_visit_goes_with_it(page: Page) -> None:
    found = run(
        page,
        """const { save, saved } = await load('voice/session-state');
        save({ door: 'open', volumes: { p1: { volume: 50, hushed: false } } });
        document.dispatchEvent(new Event('neartalk:session'));
        const stored = JSON.parse(sessionStorage.getItem('neartalk.voice'));
        return [saved.door, stored.door, stored.volumes.p1.volume];""",
    )
    assert found == ["", "", 50]


def test_a_visit_that_begins_on_the_first_page_has_no_door_of_the_one_before(
    arrival: Page,
) -> None:
    found = arrival.evaluate(
        """() => {
        sessionStorage.setItem('neartalk.voice', JSON.stringify({ door: 'open', joined: true }));
        document.dispatchEvent(new Event('neartalk:session'));
        return sessionStorage.getItem('neartalk.voice');
      }"""
    )
    assert found is None


def test_a_door_that_was_turned_too_often_says_when_it_can_be_again(page: Page) -> None:
    said = run(
        page,
        """const { refusedDoor } = await load('voice/panel/door-words');
        return refusedDoor(8);""",
    )
    assert said == "Your door is as it was. You can change it again in 8 s."


def test_a_notification_of_somebody_goes_with_the_page(page: Page) -> None:
    shown = run(
        page,
        """const { notify } = await load('page/notification');
        const shown = new Set();
        window.Notification = class {
          static permission = 'granted';
          constructor(title, { body }) { shown.add(this.body = body); }
          close() { shown.delete(this.body); }
        };
        Object.defineProperty(document, 'hidden', { value: true });
        notify('ask', 'Voice', 'Ana 2mq wants to talk, ~300 m');
        const before = shown.size;
        window.dispatchEvent(new Event('pagehide'));
        return [before, shown.size];""",
    )
    assert shown == [1, 0]
