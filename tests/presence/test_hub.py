"""The hub: who is sent what and when, who counts as here, and what becomes of lost hints."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pytest_django.fixtures import Settings

from chat.history_memory import MemoryHistory
from neartalk.background import Background
from neartalk.codes import CODES, Refused
from presence.audience import WINDOW_S
from presence.geo import cell_at, tile_of, tiles_within
from presence.hints import PROCESSES, WAITING_MAX
from presence.hub import LINGER_S, PEOPLE_S, SOON_S
from presence.people import Place
from presence.registry import HTTP_ONLY_MS, LEASE_MS
from presence.registry_memory import MemoryRegistry
from tests.hubs import (
    AWAY,
    BESIDE,
    HERE,
    Halting,
    Process,
    Seat,
    Stop,
    Time,
    Wire,
    never,
    person,
    running,
    settled,
    turns,
)

WINDOW_OVER = WINDOW_S + 0.001


class Town:
    """Two processes on one memory, with one clock for the store that the test moves."""

    def __init__(self) -> None:
        self.now_ms = 1_700_000_000_000
        self.registry = Halting(MemoryRegistry(lambda: self.now_ms))
        self.history = MemoryHistory(lambda: self.now_ms)
        self.wire = Wire()
        self.first = Process(self.registry, self.history, self.wire)
        self.second = Process(self.registry, self.history, self.wire)

    async def settle(self) -> None:
        await settled(self.first, self.second)


@pytest.fixture(autouse=True)
def no_rounds(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr(Background, "_round", never)
    settings.RATE_LIMITS_SCALE = 100_000


@asynccontextmanager
async def town() -> AsyncIterator[Town]:
    place = Town()
    async with running(place.first, place.second):
        yield place


# ---- Messages that leave together ---------------------------------------------------------------


async def test_the_first_message_leaves_at_once_and_what_follows_leaves_together() -> None:
    async with town() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.first.come(await person(place.registry, "Bob", BESIDE))
        time = Time()
        for text in ("1", "2", "3"):
            await place.first.say(alice, text)
        assert bob.page.lots == [["1"]]
        await time.pass_s(WINDOW_OVER)
        assert bob.page.lots == [["1"], ["2", "3"]]
        await place.first.say(alice, "4")
        assert bob.page.lots == [["1"], ["2", "3"]]
        await time.pass_s(WINDOW_OVER)
        assert bob.page.lots == [["1"], ["2", "3"], ["4"]]
        await time.pass_s(WINDOW_OVER)
        await place.first.say(alice, "5")
        assert bob.page.lots == [["1"], ["2", "3"], ["4"], ["5"]]


async def test_who_leaves_elsewhere_while_their_socket_comes_is_told_that_they_left() -> None:
    async with town() as place:
        await place.first.come(await person(place.registry, "Bob", BESIDE))
        await place.second.come(await person(place.registry, "Carol", BESIDE))
        await place.settle()
        alice = await person(place.registry, "Alice", HERE)
        stop = place.registry.stop("after", "place")
        seat = await place.first.knock(alice)
        await stop.arrived()
        change = await place.registry.close(alice.digest)
        assert change
        place.second.hub.announce(change)
        await place.settle()
        stop.open.set()
        await seat.task
        await place.settle()
        assert [frame["code"] for frame in seat.page.all("error")] == ["left"]
        assert seat.page.closed == CODES["left"].close


async def test_own_copies_leave_with_the_others_and_after_their_ack() -> None:
    async with town() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.first.come(await person(place.registry, "Bob", HERE))
        time = Time()
        await place.first.say(alice, "1")
        await place.first.say(bob, "2")
        await place.first.say(alice, "3")
        await time.pass_s(WINDOW_OVER)
        assert alice.page.lots == bob.page.lots == [["1"], ["2", "3"]]
        acked = [ack["id"] for ack in alice.page.all("chat.ack")]
        assert acked == [one["id"] for one in alice.page.all("chat.message") if one["text"] != "2"]
        kinds = alice.page.kinds
        assert kinds.index("chat.ack") < kinds.index("chat.message")


async def test_who_leaves_their_place_within_the_window_still_gets_what_was_said_there() -> None:
    async with town() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.first.come(await person(place.registry, "Bob", BESIDE))
        Time()
        for text in ("1", "2"):
            await place.first.say(alice, text)
        assert bob.page.texts == ["1"]
        hub = place.first.hub
        hub.announce(await place.registry.place(bob.session.digest, AWAY, hub.process))
        await place.settle()
        assert bob.page.texts == ["1", "2"]
        await place.first.say(alice, "not heard")
        assert bob.page.texts == ["1", "2"]


async def test_who_is_out_of_range_or_behind_the_smaller_radius_hears_nothing() -> None:
    async with town() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        charlie = await place.first.come(await person(place.registry, "Charlie", AWAY))
        short = Place(BESIDE.cell, 100)
        dora = await place.first.come(await person(place.registry, "Dora", short))
        await place.first.say(alice, "hello")
        await place.first.say(dora, "alone")
        assert alice.page.texts == ["hello"]
        assert charlie.page.texts == []
        assert dora.page.texts == ["alone"]


# ---- Coming and going ---------------------------------------------------------------------------


async def test_who_closes_their_last_socket_is_here_for_45_seconds_more() -> None:
    async with town() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.second.come(await person(place.registry, "Bob", BESIDE))
        await place.settle()
        time = Time()
        place.first.hub.exit(alice)
        await time.pass_s(LINGER_S - 0.1)
        await place.settle()
        assert bob.page.names == ["Alice"]
        await time.pass_s(0.2)
        await place.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []


async def test_a_silence_before_the_end_counts_towards_the_45_seconds() -> None:
    async with town() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.first.come(await person(place.registry, "Bob", BESIDE))
        time = Time()
        alice.page.quiet = 20.0
        place.first.hub.exit(alice)
        await time.pass_s(LINGER_S - 20 + 0.1)
        await place.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []


async def test_who_comes_back_in_time_was_never_gone() -> None:
    async with town() as place:
        session = await person(place.registry, "Alice", HERE)
        alice = await place.first.come(session)
        bob = await place.first.come(await person(place.registry, "Bob", BESIDE))
        await place.settle()
        time = Time()
        await time.pass_s(PEOPLE_S + SOON_S)
        place.first.hub.exit(alice)
        await time.pass_s(LINGER_S - 1)
        await place.second.come(session)
        shown = len(bob.page.all("people"))
        await time.pass_s(LINGER_S)
        await place.settle()
        assert bob.page.names == ["Alice"]
        assert len(bob.page.all("people")) == shown


async def test_a_departure_that_falls_due_while_one_comes_back_does_not_happen() -> None:
    async with town() as place:
        session = await person(place.registry, "Alice", HERE)
        alice = await place.first.come(session)
        time = Time()
        place.first.hub.exit(alice)
        stop = place.registry.stop("after", "place")
        back = await place.first.knock(session)
        await stop.arrived()
        await time.pass_s(LINGER_S + 1)
        assert not place.first.hub.background.tasks
        stop.open.set()
        await back.task
        found = await place.registry.people([tile_of(HERE.cell)])
        assert session.person.person_id in found[tile_of(HERE.cell)].people


async def test_with_a_second_socket_open_nobody_leaves() -> None:
    async with town() as place:
        session = await person(place.registry, "Alice", HERE)
        first = await place.first.come(session)
        await place.first.come(session)
        time = Time()
        place.first.hub.exit(first)
        await time.pass_s(LINGER_S + 1)
        await place.settle()
        assert session.person.person_id in place.first.hub.audience.sockets
        assert place.first.hub.nearby(BESIDE).count == 1


async def test_a_dead_process_takes_its_people_with_it() -> None:
    async with town() as place:
        await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.second.come(await person(place.registry, "Bob", BESIDE))
        await place.settle()
        assert bob.page.names == ["Alice"]
        time = Time()
        await place.first.hub.stop()
        place.now_ms += LEASE_MS + 1
        await place.second.hub._renew()
        await place.second.poll()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []
        await place.second.hub._bury()
        found = await place.registry.people([tile_of(HERE.cell)])
        assert [one.name for one in found[tile_of(HERE.cell)].people.values()] == []


@pytest.mark.parametrize("told", [True, False], ids=["told", "not-told"])
async def test_a_process_claims_back_who_was_taken_out_wrongly(told: bool) -> None:
    async with town() as place:
        await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.second.come(await person(place.registry, "Bob", BESIDE))
        await place.settle()
        time = Time()
        place.now_ms += LEASE_MS + 1  # the first process was held up for longer than its lease
        await place.second.hub._renew()
        await place.second.poll()
        place.wire.fate = lambda hint: int(told)
        await place.second.hub._bury()
        await place.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == (["Alice"] if told else [])
        found = await place.registry.people([tile_of(HERE.cell)])
        assert bool(found[tile_of(HERE.cell)].people) == told
        await place.first.poll()
        await place.second.poll()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == ["Alice"]


async def test_a_process_whose_lease_ran_out_renews_it_with_its_next_pulse() -> None:
    async with town() as place:
        await place.first.come(await person(place.registry, "Alice", HERE))
        place.now_ms += LEASE_MS + 1
        assert place.first.hub.process not in (await place.registry.pulse(())).processes
        await place.first.poll()
        assert place.first.hub.process in (await place.registry.pulse(())).processes


async def test_a_late_answer_says_little_about_the_clock_of_the_store() -> None:
    async with town() as place:
        hub = place.first.hub
        hub.clock.own = lambda: place.now_ms + 300_000  # this machine's is five minutes off
        await place.first.poll()
        assert hub.now_ms() == place.now_ms
        stop = place.registry.stop("after", "pulse")
        polling = asyncio.create_task(hub._pulse())
        await stop.arrived()
        place.now_ms += 1900
        stop.open.set()
        await polling
        assert hub.now_ms() == place.now_ms


async def test_a_clock_that_was_set_is_found_out_with_the_next_answer_however_slow() -> None:
    async with town() as place:
        hub = place.first.hub
        for ahead_ms, took_ms in ((0, 0), (300_000, 20), (-300_000, 1900), (0, 50)):
            hub.clock.own = lambda: place.now_ms + ahead_ms  # noqa: B023
            stop = place.registry.stop("after", "pulse")
            polling = asyncio.create_task(hub._pulse())
            await stop.arrived()
            place.now_ms += took_ms
            stop.open.set()
            await polling
            assert abs(hub.now_ms() - place.now_ms) <= took_ms


async def test_who_left_on_another_process_is_sent_away_here() -> None:
    async with town() as place:
        session = await person(place.registry, "Alice", HERE)
        alice = await place.first.come(session)
        change = await place.registry.close(session.digest)
        assert change
        await place.second.hub.start()
        place.second.hub.announce(change)
        await place.settle()
        assert alice.page.closed == CODES["left"].close


@pytest.mark.parametrize("told", [True, False], ids=["told", "not-told"])
async def test_who_moved_through_another_process_is_followed_here(told: bool) -> None:
    async with town() as place:
        session = await person(place.registry, "Alice", HERE)
        alice = await place.first.come(session)
        charlie = await place.second.come(await person(place.registry, "Charlie", AWAY))
        await place.second.say(charlie, "far away")
        await place.settle()
        place.wire.fate = lambda hint: int(told)
        change = await place.registry.place(session.digest, AWAY, place.first.hub.process)
        place.second.hub.announce(change)
        await place.settle()
        if not told:
            await place.first.poll()
        assert alice.place == AWAY
        assert alice.page.texts == ["far away"]


# ---- Who sees whom, and how often ---------------------------------------------------------------


async def test_the_list_is_sent_at_most_every_five_seconds_and_only_if_it_changed() -> None:
    async with town() as place:
        bob = await place.first.come(await person(place.registry, "Bob", BESIDE))
        time = Time()
        await time.pass_s(SOON_S + 0.01)
        await time.pass_s(PEOPLE_S + SOON_S)
        bob.page.frames.clear()
        for name in ("Alice", "Ana"):
            await place.first.come(await person(place.registry, name, HERE))
        await time.pass_s(SOON_S + 0.01)
        assert len(bob.page.all("people")) == 1
        assert sorted(bob.page.names) == ["Alice", "Ana"]
        carl = await place.first.come(await person(place.registry, "Carl", HERE))
        await time.pass_s(PEOPLE_S - 0.1)
        assert len(bob.page.all("people")) == 1
        await time.pass_s(0.2)
        assert sorted(bob.page.names) == ["Alice", "Ana", "Carl"]
        hub = place.first.hub
        for radius_m in (600, 500):  # moves nobody can tell from the list
            hub.announce(
                await place.registry.place(
                    carl.session.digest, Place(HERE.cell, radius_m), hub.process
                )
            )
        await place.settle()
        await time.pass_s(PEOPLE_S + 0.1)
        assert len(bob.page.all("people")) == 2


async def test_who_says_again_where_they_are_makes_nobody_look() -> None:
    async with town() as place:
        bob = await place.first.come(await person(place.registry, "Bob", BESIDE))
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        time, hub = Time(), place.first.hub
        await time.pass_s(PEOPLE_S + SOON_S)
        groups = [hub.audience.groups[one.place, one.form] for one in (alice, bob)]
        drawn = [group.drawn for group in groups]

        async def act(to: Place) -> None:
            change = await place.registry.place(alice.session.digest, to, hub.process)
            hub.announce(change)
            await place.settle()

        await act(HERE)
        assert not any(group.people_timer for group in groups)
        assert [group.drawn for group in groups] == drawn
        await act(Place(HERE.cell, HERE.radius_m + 100))
        assert groups[1].people_timer


# ---- Who is listed and not shown, shown and not listed -------------------------------------------


async def seen_by_bob(place: Town) -> tuple[Seat, Time]:
    """Bob at the first process, who sees Alice: she has no socket, so a minute at a time."""
    bob, time = await place.first.come(await person(place.registry, "Bob", BESIDE)), Time()
    await place.first.poll()
    await time.pass_s(PEOPLE_S + SOON_S)
    assert bob.page.names == ["Alice"]
    return bob, time


async def test_who_is_taken_out_before_their_end_was_seen_is_gone_from_all_lists() -> None:
    async with town() as place:
        await person(place.registry, "Alice", HERE)
        bob, time = await seen_by_bob(place)
        place.now_ms += HTTP_ONLY_MS + 1
        await place.first.hub._bury()
        await place.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []


async def test_who_leaves_after_their_minute_is_gone_from_all_lists() -> None:
    async with town() as place:
        alice = await person(place.registry, "Alice", HERE)
        bob, time = await seen_by_bob(place)
        place.now_ms += HTTP_ONLY_MS + 1
        change = await place.registry.close(alice.digest)
        assert change
        place.first.hub.announce(change)
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []


async def test_who_lapsed_while_the_store_was_away_is_gone_from_all_lists() -> None:
    async with town() as place:
        await person(place.registry, "Alice", HERE)
        bob, time = await seen_by_bob(place)
        place.now_ms += HTTP_ONLY_MS + 10_000
        await place.first.hub._renew()
        await place.first.poll()
        await place.first.hub._bury()
        await place.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []


async def test_whom_a_process_that_is_back_from_the_dead_holds_are_on_all_lists_again() -> None:
    async with town() as place:
        await place.first.come(await person(place.registry, "Alice", HERE))
        # In a tile that Bob watches, and out of range of him.
        far = Place(cell_at(52.52, 13.4075), 100)
        carol = await place.first.come(await person(place.registry, "Carol", far))
        bob = await place.second.come(await person(place.registry, "Bob", HERE))
        await place.settle()
        time = Time()
        place.now_ms += LEASE_MS + 1
        await place.second.hub._renew()
        await place.second.poll()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []
        await place.first.hub._renew()
        renamed = await place.registry.rename(carol.session.digest, "Caroline")
        place.first.hub.announce(renamed)
        await place.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == ["Alice"]


async def test_who_moves_about_without_a_word_leaves_nothing_that_is_kept_for_the_next_one() -> (
    None
):
    async with town() as place:
        await place.first.come(await person(place.registry, "Bob", BESIDE))
        alice, hub = await person(place.registry, "Alice", HERE), place.first.hub
        for radius_m in range(100, 200):
            moved = Place(HERE.cell, radius_m)
            hub.announce(await place.registry.place(alice.digest, moved, ""))
        assert not hub.audience.hears


async def test_who_comes_sees_who_is_here_at_once() -> None:
    async with town() as place:
        await place.second.come(await person(place.registry, "Alice", HERE))
        await place.settle()
        bob = await place.first.come(await person(place.registry, "Bob", BESIDE))
        assert bob.page.kinds[:2] == ["welcome", "people"]
        assert bob.page.names == ["Alice"]


async def test_a_lost_hint_of_who_came_is_made_good_by_the_next_pulse() -> None:
    async with town() as place:
        bob = await place.second.come(await person(place.registry, "Bob", BESIDE))
        time = Time()
        place.wire.fate = lambda hint: 0
        await place.first.come(await person(place.registry, "Alice", HERE))
        await place.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []
        await place.second.poll()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == ["Alice"]


# ---- Tiles and hints ----------------------------------------------------------------------------


async def test_tiles_that_nobody_reaches_are_let_go_with_the_next_pulse() -> None:
    async with town() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        assert place.first.hub.joined == tiles_within(*HERE)
        groups = {group for group, queues in place.wire.groups.items() if queues}
        everyone = place.first.hub.hints.group(PROCESSES)
        assert groups == {everyone, *(f"tile.{tile}" for tile in tiles_within(*HERE))}
        place.first.hub.exit(alice)
        await place.first.poll()
        assert place.first.hub.joined == set()
        assert {group for group, queues in place.wire.groups.items() if queues} == {everyone}
        assert not place.first.hub.roster.versions


async def test_who_comes_while_their_tiles_are_let_go_hears_everything() -> None:
    async with town() as place:
        session = await person(place.registry, "Bob", BESIDE)
        gone = await place.second.come(session)
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        await place.settle()
        place.second.hub.exit(gone)
        assert place.second.layer
        stop = place.second.layer.stops["group_discard"] = Stop()
        pulse = asyncio.create_task(place.second.hub._pulse())
        await stop.arrived()
        bob = await place.second.knock(session)
        await turns()
        stop.open.set()
        await pulse
        await bob.task
        await place.first.say(alice, "hello")
        await place.settle()
        assert bob.page.texts == ["hello"]


async def test_who_comes_into_tiles_that_are_watched_waits_for_nobody() -> None:
    async with town() as place:
        assert place.first.layer
        await place.first.come(await person(place.registry, "Alice", HERE))
        await place.settle()
        stop = place.first.layer.stops["group_add"] = Stop()
        far = await place.first.knock(await person(place.registry, "Charlie", AWAY))
        await stop.arrived()
        bob = await place.first.come(await person(place.registry, "Bob", HERE))
        assert bob.page.names == ["Alice"]
        assert not far.task.done()
        stop.open.set()
        await far.task


async def test_hints_wait_for_one_another_and_leave_together_by_tile() -> None:
    async with town() as place:
        assert place.first.layer
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.second.come(await person(place.registry, "Bob", HERE))
        await place.settle()
        time = Time()
        place.wire.sent.clear()
        stop = place.first.layer.stops["group_send"] = Stop()
        await place.first.say(alice, "1")
        await stop.arrived()
        for text in ("2", "3"):
            await place.first.say(alice, text)
        stop.open.set()
        await place.settle()
        await time.pass_s(WINDOW_OVER)
        each = [[hint["fields"]["text"] for hint in sent["each"]] for _, sent in place.wire.sent]
        assert each == [["1"], ["2", "3"]]
        assert bob.page.texts == ["1", "2", "3"]


async def test_nobody_is_told_anything_while_there_is_only_one_process() -> None:
    async with town() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        await place.settle()
        place.wire.sent.clear()
        await place.first.say(alice, "1")
        await place.settle()
        assert place.wire.sent == []
        bob = await place.second.come(await person(place.registry, "Bob", BESIDE))
        await place.settle()
        await place.first.say(alice, "2")
        await place.settle()
        await Time().pass_s(WINDOW_OVER)
        assert bob.page.texts == ["1", "2"]
        began = place.first.hub.hints.group(PROCESSES)
        assert [group for group, _ in place.wire.sent if group == began] == [began]


async def test_a_layer_that_hangs_costs_no_memory() -> None:
    async with town() as place:
        await place.first.come(await person(place.registry, "Alice", HERE))
        await place.second.hub.start()
        await place.settle()
        assert place.first.layer
        stop = place.first.layer.stops["group_send"] = Stop()
        place.first.hub.hints.tell("u33db2", {"type": "test"})
        await stop.arrived()
        for _ in range(2 * WAITING_MAX):
            place.first.hub.hints.tell("u33db2", {"type": "test"})
        assert sum(map(len, place.first.hub.hints.waiting.values())) == WAITING_MAX
        stop.open.set()
        place.wire.groups.clear()
        await place.settle()


async def test_a_layer_that_fails_loses_hints_and_nothing_else() -> None:
    async with town() as place:
        assert place.first.layer
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.second.come(await person(place.registry, "Bob", HERE))
        await place.settle()

        async def lost(group: str, hints: object) -> None:
            raise ConnectionError

        sends, place.first.layer.group_send = place.first.layer.group_send, lost  # type: ignore[method-assign]
        await place.first.say(alice, "nobody was told")
        await place.settle()
        place.first.layer.group_send = sends  # type: ignore[method-assign]
        time = Time()
        await place.first.say(alice, "told again")
        await place.settle()
        await time.pass_s(WINDOW_OVER)
        assert bob.page.texts == ["nobody was told", "told again"]


# ---- Marks and epochs ---------------------------------------------------------------------------


async def test_a_mark_from_before_the_last_move_is_not_sent() -> None:
    async with town() as place:
        await place.first.come(await person(place.registry, "Alice", HERE))
        await place.first.poll()
        place.now_ms += 1_000
        bob = await place.first.come(await person(place.registry, "Bob", HERE))
        marks = len(bob.page.all("mark"))
        await place.first.hub._mark()
        assert len(bob.page.all("mark")) == marks
        await place.first.poll()
        await place.first.hub._mark()
        assert bob.page.all("mark")[-1]["mark"] == place.now_ms


async def test_a_mark_leaves_after_what_was_said_before_it() -> None:
    async with town() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.first.come(await person(place.registry, "Bob", BESIDE))
        Time()
        for text in ("1", "2"):
            place.now_ms += 1
            await place.first.say(alice, text)
        place.now_ms += 5
        await place.first.poll()
        bob.page.frames.clear()
        await place.first.hub._mark()
        assert bob.page.kinds == ["chat.message", "mark"]
        assert bob.page.texts == ["2"]


async def test_a_restart_of_the_store_registers_everybody_again_and_says_so() -> None:
    async with town() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.second.come(await person(place.registry, "Bob", BESIDE))
        await place.settle()
        renames = alice.session.renames_left
        place.registry.store.__init__(lambda: place.now_ms)
        place.history.streams.clear()
        time = Time()
        for process in (place.first, place.second, place.first):
            await process.poll()
        await place.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert (alice.page.names, bob.page.names) == (["Bob"], ["Alice"])
        kept = await place.registry.get(alice.session.digest)
        assert (kept.person.name, kept.renames_left) == ("Alice", renames)
        for seat in (alice, bob):
            assert [gap["reason"] for gap in seat.page.all("gap")] == ["restarted"]
            assert seat.page.all("welcome")[-1]["epoch"] == place.registry.store.epoch
        await place.first.say(alice, "still here")
        await place.settle()
        assert bob.page.texts == ["still here"]


async def test_processes_have_a_lease_s_time_to_renew_theirs_after_a_restart() -> None:
    async with town() as place:
        for process in (place.first, place.second):
            await process.come(await person(place.registry, process.hub.process, HERE))
        await place.settle()
        await place.first.poll()
        both = {place.first.hub.process, place.second.hub.process}
        place.registry.store.__init__(lambda: place.now_ms)
        await place.first.poll()
        place.now_ms += LEASE_MS - 1
        await place.first.hub._renew()
        await place.first.poll()
        assert place.first.hub.processes == both
        place.now_ms += 1
        await place.first.poll()
        assert place.first.hub.processes == {place.first.hub.process}


@pytest.mark.parametrize("step", ["renew", "restore", "people", "place"])
async def test_a_restart_that_is_lost_on_its_way_begins_anew_with_the_next_pulse(
    step: str,
) -> None:
    async with town() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        await place.settle()
        place.registry.store.__init__(lambda: place.now_ms)
        if step == "place":  # between the session and its place

            async def half(digest: str, at: Place, process: str) -> None:
                del place.registry.store.place
                raise Refused("store-unavailable")

            place.registry.store.place = half
        else:
            place.registry.failing[step] = Refused("store-unavailable")
        with pytest.raises(Refused):
            await place.first.hub._pulse()
        assert not alice.page.all("gap")
        await place.first.poll()
        await place.first.poll()
        assert [gap["reason"] for gap in alice.page.all("gap")] == ["restarted"]
        found = await place.registry.people([tile_of(HERE.cell)])
        assert [one.name for one in found[tile_of(HERE.cell)].people.values()] == ["Alice"]


# ---- Readers that do not read -------------------------------------------------------------------


async def test_who_was_given_up_as_too_slow_is_told_once_when_they_are_back() -> None:
    async with town() as place:
        session = await person(place.registry, "Bob", BESIDE)
        bob = await place.first.come(session)
        bob.page.too_slow = True
        place.first.hub.exit(bob)
        await place.settle()
        again = await place.first.come(session)
        assert [error["code"] for error in again.page.all("error")] == ["too-slow"]
        once = await place.first.come(session)
        assert not once.page.all("error")


async def test_people_far_apart_never_appear_to_each_other() -> None:
    async with town() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        charlie = await place.second.come(await person(place.registry, "Charlie", AWAY))
        await place.settle()
        time = Time()
        await time.pass_s(2 * PEOPLE_S)
        assert alice.page.names == charlie.page.names == []
