"""Rooms of four pages: who hears whom by their doors, whatever fails around them."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import pytest
from anyio.from_thread import start_blocking_portal
from playwright.sync_api import expect

from tests.browser.calls import call_stats, tile
from tests.browser.conftest import through
from tests.browser.open_room import arrive, expect_heard, expect_mesh, join, taps
from tests.support.client import elsewhere, north
from tests.support.deployments import VoiceServers, voice_servers
from tests.support.entrance import Entrance, entrance
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.conftest import Invite
    from tests.browser.visitor import BrowserVisitor
    from tests.conftest import Serve
    from tests.support.turn import Turn

pytestmark = [pytest.mark.browser, pytest.mark.alone]

TAPS_MAX = 3
OPEN, ASK = "Open door", "Ask me first"
BEGAN_ANEW = "The server restarted"


class Deployed(NamedTuple):
    """Two processes, and an address for each, which leads to the other one once it is dead."""

    servers: VoiceServers
    entrances: list[Entrance]


@pytest.fixture
def deployed(relay: Turn) -> Iterator[Deployed]:
    with ExitStack() as stack:
        servers = stack.enter_context(voice_servers(**through(relay)))
        portal = stack.enter_context(start_blocking_portal())
        _, first, second = servers
        ways = [entrance(first, second), entrance(second, first)]
        opened = [stack.enter_context(portal.wrap_async_context_manager(way)) for way in ways]
        yield Deployed(servers, opened)


def expect_over(one: BrowserVisitor) -> None:
    """The page has joined voice a second time, by another socket."""

    def over() -> bool:
        return sum(json.loads(frame)["type"] == "voice.join" for frame in one.sent) > 1

    until(over, "voice is back", pause=lambda: one.page.wait_for_timeout(20))
    expect(one.page.locator("#voice-socket")).to_be_hidden()


def expect_told(room: list[BrowserVisitor], one: BrowserVisitor) -> None:
    """All others are told that one mutes themselves, and then that they do not."""
    mute = one.page.locator("#voice-mute")
    told = [expect(tile(other, one)) for other in room if other is not one]
    mute.click()
    for each in told:
        each.to_contain_text("Muted")
    mute.click()
    for each in told:
        each.not_to_contain_text("Muted")


def test_four_hear_each_other_through_the_relay_after_three_taps_each_whatever_fails(
    relay: Turn, deployed: Deployed, visit: Invite
) -> None:
    (redis, first, _), entrances = deployed
    spot = elsewhere()
    room = [
        arrive(visit, entrances[turn % 2], north(spot, turn % 3), narrow=turn > 1)
        for turn in range(4)
    ]
    for turn, one in enumerate(room):
        join(one, OPEN, open_near=turn > 0)
    expect_mesh(room, "relay")
    assert all(taps(one) <= TAPS_MAX for one in room), [*map(taps, room)]
    for one in room:
        assert {*call_stats(one)["candidateTypes"]} == {"relay"}

    # The process of every other one dies. What one says of oneself reaches who came over, too.
    first.kill()
    for one in room[::2]:
        expect_over(one)
    expect_told(room, room[0])
    expect_mesh(room, "relay")

    redis.flush()
    for one in room:
        expect(one.page.locator("#notices")).to_contain_text(BEGAN_ANEW)
    expect_told(room, room[1])
    expect_mesh(room, "relay")

    relay.kill()
    for one in room:
        # What was lost first has failed, 20 s later.
        broken = one.page.locator('.tile:is([data-state="reconnecting"], [data-state="failed"])')
        expect(broken).to_have_count(3)
    relay.start()
    expect_mesh(room, "relay")

    room[3].forgive("AudioContext")  # of a page that was loaded anew and not touched yet
    room[3].page.reload()
    expect_mesh(room, "relay")
    assert taps(room[3]) == 0


def test_on_plain_make_run_four_talk_directly_and_doors_say_who_hears_whom(
    serve: Serve, visit: Invite
) -> None:
    """Without a relay; no setting names a network of this machine."""
    server, spot = serve("uvicorn"), elsewhere()
    room = [arrive(visit, server, north(spot, turn % 3)) for turn in range(4)]
    for turn, one in enumerate(room):
        join(one, OPEN, open_near=turn > 0)
    expect_mesh(room, "host")
    chose_directly = 1
    assert all(taps(one) <= TAPS_MAX + chose_directly for one in room), [*map(taps, room)]

    for one in room:
        one.page.locator("#voice-leave").click()
        expect(one.page.locator("#voice")).to_have_attribute("data-phase", "out")
    ana, bo, cem, dee = room
    for one, door in ((ana, OPEN), (dee, OPEN), (bo, ASK), (cem, ASK)):
        join(one, door, open_near=False)
    # Two open doors; and two who are asked, whom nobody has.
    expect_pairs(room, [(ana, dee)])

    # Ends a call at an open door, and it stays ended. Talks with an open door at once.
    chosen(ana, dee, "End with")
    tile(bo, ana).locator('[data-act="knock"]').click()
    tile(bo, dee).locator('[data-act="knock"]').click()
    expect_pairs(room, [(ana, bo), (bo, dee)])

    # Both are asked. Who lets nobody new in is heard on. A block ends a call.
    tile(bo, cem).locator('[data-act="knock"]').click()
    tile(cem, bo).get_by_role("button", name="Let in").click()
    expect_pairs(room, [(ana, bo), (bo, cem), (bo, dee)])
    cem.page.get_by_role("radio", name="Nobody new").check()
    chosen(dee, bo, "Block", "Block", "Close")
    for one in (ana, dee):
        expect(tile(one, cem)).to_contain_text("Not now: talks with nobody new.")
        expect(tile(one, cem).get_by_role("button", name="Ask to talk")).to_have_count(0)
    for one, other in ((bo, dee), (dee, bo)):
        expect(tile(one, other)).to_have_count(0)
    expect_pairs(room, [(ana, bo), (bo, cem)])
    for one, words in (
        (ana, f"Heard by {bo.name}; not {cem.name}."),
        (bo, re.compile(f"^Heard by ({ana.name} and {cem.name}|{cem.name} and {ana.name})[.]$")),
        (cem, f"Heard by {bo.name}; not {ana.name}."),
        (dee, "Nobody hears you yet."),
    ):
        expect(one.page.locator("#voice-heard")).to_have_text(words)


def expect_pairs(
    room: list[BrowserVisitor], pairs: list[tuple[BrowserVisitor, BrowserVisitor]]
) -> None:
    """Exactly these hear each other, both of them."""
    for one in room:
        mine = [pair for pair in pairs if one in pair]
        expect_heard(one, [other for pair in mine for other in pair if other is not one], "host")


def chosen(one: BrowserVisitor, other: BrowserVisitor, *acts: str) -> None:
    """In the menu of somebody in voice."""
    tile(one, other).get_by_role("button", name="More about").click()
    for act in acts:
        name = re.compile(f"^{act}")
        one.page.get_by_role("dialog").get_by_role("button", name=name).click()
