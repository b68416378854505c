"""Told places as people meet them: sockets, calls, and several processes."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from django.test import AsyncRequestFactory

from chat.views import messages
from neartalk.codes import Refused
from presence import api, views
from presence.geo import cell_at
from presence.placement import around, put
from presence.roster import load_nearby
from presence.sessions import cookie_name
from presence.values import Place
from tests.presence.http_callers import HTMX, LEAVE, MESSAGES, NAME, NEARBY, caller
from tests.presence.process_pair import ProcessPair, process_pair
from tests.support.client import elsewhere, north, person, place, running
from tests.support.processes import AWAY, BESIDE, HERE, LoopClock, PageSocket, turns
from tests.support.processes import person as session_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings

    from tests.support.servers import Server

FURTHER = Place(cell_at(52.52, 13.407), 500)


@pytest.fixture(autouse=True)
def _clock(settings: Settings) -> None:
    settings.PLACE_CLOCK = True


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running("uvicorn", RATE_LIMITS_SCALE="1000", PLACE_CLOCK="1") as running_server:
        yield running_server


async def request(pair: ProcessPair, socket: PageSocket, asked: Place) -> None:
    """Somebody's page tells of a place, by a call that reaches the second process."""
    digest, held_by = socket.session.digest, socket.person.process
    pair.second.hub.announce(await pair.registry.request_place(digest, asked, held_by))
    await pair.settle()


async def pass_s(pair: ProcessPair, time: LoopClock, seconds: int) -> None:
    """Both processes live on, and do their rounds after that."""
    pair.now_ms += seconds * 1000
    for process in (pair.first, pair.second):
        await pair.registry.renew(process.hub.process)
    for process in (pair.first, pair.second):
        await process.hub.rounds.pulse()
        await turns()
    await time.pass_s(seconds)


async def shown_over(
    pair: ProcessPair, time: LoopClock, reader: PageSocket, times: int
) -> list[list[str]]:
    """Whom a reader is shown after each of so many times 6 s."""
    shown = []
    for _ in range(times):
        await pass_s(pair, time, 6)
        shown.append(sorted(reader.page.names))
    return shown


async def joined(pair: ProcessPair) -> tuple[LoopClock, PageSocket, PageSocket]:
    """Alice and Bob, beside each other for five minutes, at a process each. Moves take 20 s."""
    pair.registry.store.draw = lambda first, last: first
    alice = await pair.first.join(await session_at(pair.registry, "Alice", HERE))
    bob = await pair.second.join(await session_at(pair.registry, "Bob", BESIDE))
    time = LoopClock()
    await pass_s(pair, time, 300)
    return time, alice, bob


# ---- Sockets -----------------------------------------------------------------------------------


async def test_a_socket_follows_once_the_told_place_takes_effect() -> None:
    async with process_pair() as pair:
        time, alice, bob = await joined(pair)
        await pair.second.send_text(bob, "before")
        await turns()
        frames = len(alice.page.frames)
        await request(pair, alice, FURTHER)
        await pass_s(pair, time, 18)
        assert alice.place == HERE
        assert alice.page.kinds[frames:] == []
        await pair.first.send_text(alice, "from here")
        assert bob.page.all("chat.message")[-1]["metres"] == 0
        await pass_s(pair, time, 2)
        assert alice.place == FURTHER
        assert [one["username"] for one in alice.page.all("people")[-1]["people"]] == ["Bob"]
        await pair.first.send_text(alice, "from there")
        assert bob.page.all("chat.message")[-1]["metres"] > 0
        assert alice.page.texts == ["before", "from here", "from there"]


async def test_no_frame_and_no_hint_tells_of_a_place_that_waits() -> None:
    async with process_pair() as pair:
        time, alice, bob = await joined(pair)
        frames = len(bob.page.frames)
        await request(pair, alice, FURTHER)
        await pass_s(pair, time, 6)
        assert bob.page.people_frames == bob.page.people_frames[: frames + 1]
        assert not [one for one in bob.page.frames[frames:] if one["type"] != "mark"]
        assert FURTHER.cell not in repr(pair.wire.sent)
        assert FURTHER.cell not in repr(alice.page.frames)


async def test_the_process_that_takes_over_brings_it_into_effect() -> None:
    async with process_pair() as pair:
        time, alice, bob = await joined(pair)
        await request(pair, alice, FURTHER)
        await pair.first.hub.stop()
        pair.now_ms += 60_000
        await pair.registry.renew(pair.second.hub.process)
        again = await pair.second.join(alice.session)
        assert again.place == FURTHER
        await turns()
        await time.pass_s(6)
        (listed,) = bob.page.listing.people.values()
        assert listed["metres"] > 0


async def test_whoever_leaves_at_once_is_listed_for_half_a_minute() -> None:
    async with process_pair() as pair:
        time, _, bob = await joined(pair)
        carol = await pair.first.join(await session_at(pair.registry, "Carol", HERE))
        await pair.first.hub.end(carol.session)
        assert carol.page.closed
        await pass_s(pair, time, 6)
        for _ in range(12):
            assert sorted(bob.page.names) == ["Alice", "Carol"]
            await pass_s(pair, time, 2)
        for _ in range(6):
            await pass_s(pair, time, 2)
        assert bob.page.names == ["Alice"]
        await pair.second.hub.rounds.reap()
        listed = await pair.registry.people([carol.session.person.tile])
        assert not any(one.lingers for each in listed.values() for one in each.people.values())


async def test_whoever_leaves_as_somebody_comes_has_been_shown_to_them() -> None:
    """Who waits for somebody is seen, too; after half a minute, they leave at once."""
    async with process_pair() as pair:
        time, alice, bob = await joined(pair)
        carol = await pair.first.join(await session_at(pair.registry, "Carol", HERE))
        await pass_s(pair, time, 6)
        assert sorted(alice.page.names) == ["Bob", "Carol"]
        await pair.first.hub.end(alice.session)
        shown = await shown_over(pair, time, carol, 8)
        assert shown[:5] == [["Alice", "Bob"]] * 5
        assert shown[-1] == ["Bob"]
        await pair.second.hub.end(bob.session)
        await pass_s(pair, time, 6)
        assert carol.page.names == []


async def test_whoever_reaches_less_as_somebody_comes_has_been_shown_to_them() -> None:
    async with process_pair() as pair:
        time, alice, _ = await joined(pair)
        carol = await pair.second.join(await session_at(pair.registry, "Carol", FURTHER))
        await pass_s(pair, time, 6)
        session = await pair.registry.get(alice.session.digest)
        await put(pair.first.presence, session, HERE._replace(radius_m=100))
        await pass_s(pair, time, 6)
        assert alice.page.names == []
        assert "Alice" in carol.page.names
        assert "Alice" not in (await shown_over(pair, time, carol, 7))[-1]


async def test_whoever_learns_by_a_call_what_no_socket_told_and_leaves_is_shown() -> None:
    async with process_pair() as pair:
        time, alice, _ = await joined(pair)
        await pass_s(pair, time, 60)
        await around(pair.first.presence, alice.session)
        await pair.first.hub.end(alice.session)
        found = await load_nearby(pair.registry, HERE)
        assert [one.person.name for one in found.shown if one.person.lingers] == ["Alice"]


async def test_whoever_learns_by_a_call_elsewhere_and_leaves_before_their_socket_is_told() -> None:
    async with process_pair() as pair:
        time, alice, _ = await joined(pair)
        await pass_s(pair, time, 60)
        await pair.second.join(await session_at(pair.registry, "Carol", HERE))
        await turns()
        found = await around(pair.second.presence, alice.session)
        assert "Carol" in {one.person.name for one in found.shown}
        assert "Carol" not in alice.page.names
        await pair.first.hub.end(alice.session)
        left = await load_nearby(pair.registry, HERE)
        assert [one.person.name for one in left.shown if one.person.lingers] == ["Alice"]


@pytest.mark.parametrize("how", ["leaves", "blocks"])
async def test_who_is_blocked_by_whoever_has_just_come_is_shown_what_a_departure_shows(
    how: str,
) -> None:
    """Or nobody could be looked at and blocked unseen, and a block be told from a departure."""
    async with process_pair() as pair:
        time, _, bob = await joined(pair)
        carol = await pair.first.join(await session_at(pair.registry, "Carol", HERE))
        await pass_s(pair, time, 6)
        if how == "leaves":
            await pair.first.hub.end(carol.session)
        else:
            for change in await pair.registry.block(carol.session.digest, bob.person.person_id):
                pair.first.hub.announce(change)
            await turns()
            assert carol.page.names == ["Alice"], "for who blocks somebody they are gone at once"
            await pair.first.send_text(carol, "not for Bob")
        frames = len(bob.page.frames)
        shown = await shown_over(pair, time, bob, 9)
        assert shown[:4] == [["Alice", "Carol"]] * 4
        assert shown[-1] == ["Alice"]
        assert [one["type"] for one in bob.page.frames[frames:] if one["type"] != "mark"] == [
            "people.changed"
        ]


async def test_a_block_hides_at_once_whoever_lingers() -> None:
    async with process_pair() as pair:
        time, _, bob = await joined(pair)
        carol = await pair.first.join(await session_at(pair.registry, "Carol", HERE))
        await pair.first.hub.end(carol.session)
        await pass_s(pair, time, 4)
        for change in await pair.registry.block(bob.session.digest, carol.person.person_id):
            pair.second.hub.announce(change)
        await pair.settle()
        assert bob.page.names == ["Alice"]


async def test_rounds_that_compare_lists_leave_whoever_lingers() -> None:
    async with process_pair() as pair:
        time, _, bob = await joined(pair)
        carol = await pair.first.join(await session_at(pair.registry, "Carol", HERE))
        pair.first.hub.announce(
            await pair.registry.request_place(carol.session.digest, AWAY, "one")
        )
        await pass_s(pair, time, 2)
        assert carol.place == AWAY
        for process in (pair.first, pair.second) * 3:
            await process.hub.anti_entropy.compare()
        await pass_s(pair, time, 4)
        assert sorted(bob.page.names) == ["Alice", "Carol"]


# ---- Calls -------------------------------------------------------------------------------------


async def test_a_call_is_answered_with_the_place_in_effect_and_when_the_told_one_holds(
    server: Server,
) -> None:
    spot = elsewhere()
    here, there = cell_at(*spot), north(spot, 3)
    async with caller(server, "alice") as alice, caller(server, "bob") as bob:
        first = await place(alice, *spot, 500)
        assert (first["cell"], first["radius"], first["effective_in"]) == (here, 500, 0)
        moved = await place(alice, *there, 700)
        assert (moved["cell"], moved["radius"]) == (here, 700)
        assert 100 <= moved["effective_in"] <= 120
        again = await place(alice, *spot, 700)
        assert (again["cell"], again["effective_in"]) == (here, 0)
        await place(bob, *spot, 500)
        (listed,) = (await bob.get(NEARBY)).json()["people"]
        assert listed["metres"] == 0
        far = await place(alice, *north(spot, 20), 500)
        assert (far["cell"], far["effective_in"] <= 18) == (here, True)


async def test_the_page_is_told_when_its_place_holds(server: Server) -> None:
    spot = elsewhere()
    async with caller(server, "alice") as alice:
        await place(alice, *spot, 500)
        for asked, event in ((spot, None), (north(spot, 3), "place-pending"), (spot, None)):
            told = {"lat": asked[0], "lon": asked[1], "radius": 500}
            answer = await alice.post("/api/location/update", data=told, headers=HTMX)
            events = json.loads(answer.headers.get("HX-Trigger", "{}"))
            assert [*events] == ([event] if event else [])
            assert not event or 100 <= events[event]["effective_in"] <= 120


@pytest.mark.parametrize("how", [NEARBY, MESSAGES, "/near", NAME])
async def test_no_page_and_no_call_looks_unseen(how: str) -> None:
    """Also where their minute was over long before."""
    async with process_pair() as pair:
        first = pair.first
        await first.join(await session_at(pair.registry, "Bob", HERE))
        key, session = await first.presence.sessions.open("Alice")
        await pair.registry.place(session.digest, HERE, "")
        pair.now_ms += 120_000
        await pair.registry.renew(first.hub.process)
        calls = {NEARBY: api.nearby, MESSAGES: messages, "/near": views.near}
        view = calls.get(how, api.session_username)
        name, method = json.dumps({"username": "bob"}), "GET" if how in calls else "PATCH"
        request = AsyncRequestFactory().generic(method, how, name, content_type="application/json")
        request.COOKIES[cookie_name()] = key
        request.scope = {**request.scope, "state": first.state}
        vars(request)["htmx"] = False
        with suppress(Refused):
            await view(request)
        await first.hub.exits.end((await pair.registry.get(session.digest)), at_once=False)
        found = await load_nearby(pair.registry, HERE)
        assert [one.person.name for one in found.shown if one.person.lingers] == ["Alice"]


async def test_whoever_looks_by_a_call_and_leaves_is_seen(server: Server) -> None:
    spot = elsewhere()
    async with (
        person(server, *spot, 500, "bob") as bob,
        caller(server, "alice") as alice,
    ):
        assert (await place(alice, *spot, 500))["in_range"] == 1
        assert (await alice.post(LEAVE)).status_code == 204
        (listed,) = (await bob.http.get(NEARBY)).json()["people"]
        assert listed["username"] == "alice"


async def test_whoever_is_told_of_somebody_by_a_socket_that_then_says_nothing_is_shown() -> None:
    """A peer that is quiet for 50 s may have read; its person departs as it is given up."""
    async with process_pair() as pair:
        time, alice, _ = await joined(pair)
        carol = await pair.second.join(await session_at(pair.registry, "Carol", HERE))
        await pass_s(pair, time, 6)
        assert "Carol" in alice.page.names
        alice.page.quiet = 50
        pair.first.hub.exit(alice)
        shown = await shown_over(pair, time, carol, 8)
        assert all("Alice" in names for names in shown[:4])
        assert "Alice" not in shown[-1]


async def test_whoever_comes_back_to_look_and_leaves_at_once_is_shown() -> None:
    """They were listed all the while, and had no socket that was told of anybody."""
    async with process_pair() as pair:
        time, alice, _ = await joined(pair)
        pair.first.hub.exit(alice)
        await pass_s(pair, time, 6)
        carol = await pair.second.join(await session_at(pair.registry, "Carol", HERE))
        again = await pair.first.join(alice.session)
        assert "Carol" in again.page.names
        await pair.first.hub.end(again.session)
        shown = await shown_over(pair, time, carol, 7)
        assert all("Alice" in names for names in shown[:5])
        assert "Alice" not in shown[-1]


async def test_whoever_moves_as_they_come_back_is_shown_where_they_looked() -> None:
    async with process_pair() as pair:
        time, alice, _ = await joined(pair)
        pair.registry.store.draw = lambda first, last: last
        far = Place(cell_at(52.52, 13.45), 500)
        await request(pair, alice, far)
        await pass_s(pair, time, 16)
        carol = await pair.second.join(await session_at(pair.registry, "Carol", HERE))
        await turns()
        pair.first.hub.exit(alice)
        pair.now_ms += 4_000
        again = await pair.second.join(alice.session)
        assert again.place == far
        assert all("Alice" in names for names in await shown_over(pair, time, carol, 5))


async def test_whoever_is_banned_lingers_nowhere_any_more() -> None:
    """Where they were before a move, and if they left before the ban came."""
    async with process_pair() as pair:
        time, _, bob = await joined(pair)
        carol = await pair.first.join(await session_at(pair.registry, "Carol", HERE))
        dave = await pair.first.join(await session_at(pair.registry, "Dave", HERE))
        await put(pair.first.presence, dave.session, HERE._replace(radius_m=100))
        await pair.first.hub.end(carol.session)
        await pass_s(pair, time, 6)
        assert {"Carol", "Dave"} <= {*bob.page.names}
        await pair.first.hub.end_lingering(carol.person.person_id)
        await pair.first.hub.end(dave.session, at_once=True)
        await pass_s(pair, time, 6)
        assert bob.page.names == ["Alice"]


async def test_a_told_place_takes_effect_though_the_clock_was_set_back() -> None:
    async with process_pair() as pair:
        time, alice, _ = await joined(pair)
        await request(pair, alice, FURTHER)
        pair.now_ms -= 3_600_000
        for _ in range(2):
            await pass_s(pair, time, 0)
        assert alice.place == FURTHER
