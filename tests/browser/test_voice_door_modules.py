"""Your door on the page's wire, with a played server: chosen, refused, lost, and gone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from presence.decoding import REF
from tests.browser.module_scripts import run
from tests.browser.voice_wire import ANA, SETTLED_MS

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

DOORS = "window.sent.filter(({ type }) => type === 'voice.door')"


def test_the_join_says_the_door_and_what_is_chosen_later_a_frame_of_its_own(joined: Page) -> None:
    assert joined.evaluate("window.sent[0].door") == "open"
    joined.evaluate("for (const door of ['ask', 'locked']) setDoor(door)")
    joined.evaluate("peers('open')")
    chosen = joined.evaluate("facts.requestedDoor")
    assert chosen == "locked", "an older list does not undo what was chosen"
    joined.clock.run_for(SETTLED_MS)
    joined.evaluate("peers('locked')")
    assert joined.evaluate(DOORS) == [
        {"type": "voice.door", "open": False, "locked": True, "ref": "voice-door"}
    ]
    names = [Path(f"static/js/voice/calls/{name}.js").read_text() for name in ("door", "room")]
    refs = [ref for text in names for ref in re.findall(r"_REF = '(.+?)'", text)]
    assert len(refs) == 2
    assert all(map(REF.fullmatch, refs)), "the server names them in a refusal"
    assert joined.evaluate("[facts.door, facts.doorPending]") == ["locked", False]


def test_a_server_that_says_nothing_of_doors_holds_none(joined: Page) -> None:
    """One of the release before, to which a rolling deployment has brought the page."""
    joined.evaluate("setDoor('locked')")
    joined.clock.run_for(SETTLED_MS)
    joined.evaluate("peers('locked')")
    joined.evaluate("peers(undefined)")
    assert joined.evaluate("[facts.door, facts.requestedDoor]") == ["ask", "ask"]


def test_a_refused_door_is_as_it_was(joined: Page) -> None:
    joined.evaluate("setDoor('ask')")
    joined.clock.run_for(SETTLED_MS)
    joined.evaluate("refuse('too-fast', 'voice-door')")
    found = joined.evaluate("[facts.requestedDoor, facts.doorPending, window.refused]")
    assert found == ["open", False, "too-fast"]


def test_a_door_that_is_refused_after_another_was_chosen_leaves_that_one(joined: Page) -> None:
    joined.evaluate("setDoor('ask')")
    joined.clock.run_for(SETTLED_MS)
    joined.evaluate("setDoor('locked')")
    joined.evaluate("refuse('too-fast', 'voice-door')")
    assert joined.evaluate("facts.requestedDoor") == "locked"
    joined.clock.run_for(SETTLED_MS)
    assert joined.evaluate(f"{DOORS}.map(({{ locked }}) => locked)") == [False, True]


def test_a_door_that_is_chosen_while_voice_is_lost_goes_with_the_next_join(joined: Page) -> None:
    joined.evaluate("setDoor('ask')")
    joined.clock.run_for(SETTLED_MS)
    joined.evaluate("refuse('not-joined', 'voice-door')")
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
