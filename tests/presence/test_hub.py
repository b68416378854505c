"""The hub: who is sent what and when, and who counts as here; what a restart of the store does."""

import asyncio

import pytest

from neartalk.codes import Refused
from presence.delivery.coalescer import WINDOW_S
from presence.geo import tile_of
from presence.hub.broadcaster import PEOPLE_S, SOON_S
from presence.hub.departures import LINGER_S
from presence.people import Place
from tests.presence.process_pair import process_pair
from tests.support.processes import AWAY, BESIDE, HERE, LoopClock, person

WINDOW_OVER = WINDOW_S + 0.001


# ---- Messages that leave together ---------------------------------------------------------------


async def test_the_first_message_leaves_at_once_and_what_follows_leaves_together() -> None:
    async with process_pair() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.first.come(await person(place.registry, "Bob", BESIDE))
        time = LoopClock()
        for text in ("1", "2", "3"):
            await place.first.send_text(alice, text)
        assert bob.page.lots == [["1"]]
        await time.pass_s(WINDOW_OVER)
        assert bob.page.lots == [["1"], ["2", "3"]]
        await place.first.send_text(alice, "4")
        assert bob.page.lots == [["1"], ["2", "3"]]
        await time.pass_s(WINDOW_OVER)
        assert bob.page.lots == [["1"], ["2", "3"], ["4"]]
        await time.pass_s(WINDOW_OVER)
        await place.first.send_text(alice, "5")
        assert bob.page.lots == [["1"], ["2", "3"], ["4"], ["5"]]


async def test_own_copies_leave_with_the_others_and_after_their_ack() -> None:
    async with process_pair() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.first.come(await person(place.registry, "Bob", HERE))
        time = LoopClock()
        await place.first.send_text(alice, "1")
        await place.first.send_text(bob, "2")
        await place.first.send_text(alice, "3")
        await time.pass_s(WINDOW_OVER)
        assert alice.page.lots == bob.page.lots == [["1"], ["2", "3"]]
        acked = [ack["id"] for ack in alice.page.all("chat.ack")]
        assert acked == [one["id"] for one in alice.page.all("chat.message") if one["text"] != "2"]
        kinds = alice.page.kinds
        assert kinds.index("chat.ack") < kinds.index("chat.message")


async def test_who_leaves_their_place_within_the_window_still_gets_what_was_said_there() -> None:
    async with process_pair() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.first.come(await person(place.registry, "Bob", BESIDE))
        LoopClock()
        for text in ("1", "2"):
            await place.first.send_text(alice, text)
        assert bob.page.texts == ["1"]
        hub = place.first.hub
        hub.announce(await place.registry.place(bob.session.digest, AWAY, hub.process))
        await place.settle()
        assert bob.page.texts == ["1", "2"]
        await place.first.send_text(alice, "not heard")
        assert bob.page.texts == ["1", "2"]


async def test_who_is_out_of_range_or_behind_the_smaller_radius_hears_nothing() -> None:
    async with process_pair() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        charlie = await place.first.come(await person(place.registry, "Charlie", AWAY))
        short = Place(BESIDE.cell, 100)
        dora = await place.first.come(await person(place.registry, "Dora", short))
        await place.first.send_text(alice, "hello")
        await place.first.send_text(dora, "alone")
        assert alice.page.texts == ["hello"]
        assert charlie.page.texts == []
        assert dora.page.texts == ["alone"]


# ---- Coming and going ---------------------------------------------------------------------------


async def test_who_closes_their_last_socket_is_here_for_45_seconds_more() -> None:
    async with process_pair() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.second.come(await person(place.registry, "Bob", BESIDE))
        await place.settle()
        time = LoopClock()
        place.first.hub.exit(alice)
        await time.pass_s(LINGER_S - 0.1)
        await place.settle()
        assert bob.page.names == ["Alice"]
        await time.pass_s(0.2)
        await place.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []


async def test_a_silence_before_the_end_counts_towards_the_45_seconds() -> None:
    async with process_pair() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.first.come(await person(place.registry, "Bob", BESIDE))
        time = LoopClock()
        alice.page.quiet = 20.0
        place.first.hub.exit(alice)
        await time.pass_s(LINGER_S - 20 + 0.1)
        await place.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []


async def test_who_comes_back_in_time_was_never_gone() -> None:
    async with process_pair() as place:
        session = await person(place.registry, "Alice", HERE)
        alice = await place.first.come(session)
        bob = await place.first.come(await person(place.registry, "Bob", BESIDE))
        await place.settle()
        time = LoopClock()
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
    async with process_pair() as place:
        session = await person(place.registry, "Alice", HERE)
        alice = await place.first.come(session)
        time = LoopClock()
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
    async with process_pair() as place:
        session = await person(place.registry, "Alice", HERE)
        first = await place.first.come(session)
        await place.first.come(session)
        time = LoopClock()
        place.first.hub.exit(first)
        await time.pass_s(LINGER_S + 1)
        await place.settle()
        assert session.person.person_id in place.first.hub.audience.sockets
        assert place.first.hub.broadcaster.nearby(BESIDE).count == 1


async def test_a_late_answer_says_little_about_the_clock_of_the_store() -> None:
    async with process_pair() as place:
        hub = place.first.hub
        hub.clock.own = lambda: place.now_ms + 300_000  # this machine's is five minutes off
        await place.first.poll()
        assert hub.now_ms() == place.now_ms
        stop = place.registry.stop("after", "status")
        polling = asyncio.create_task(hub.rounds.pulse())
        await stop.arrived()
        place.now_ms += 1900
        stop.open.set()
        await polling
        assert hub.now_ms() == place.now_ms


async def test_a_clock_that_was_set_is_found_out_with_the_next_answer_however_slow() -> None:
    async with process_pair() as place:
        hub = place.first.hub
        for ahead_ms, took_ms in ((0, 0), (300_000, 20), (-300_000, 1900), (0, 50)):
            hub.clock.own = lambda: place.now_ms + ahead_ms  # noqa: B023
            stop = place.registry.stop("after", "status")
            polling = asyncio.create_task(hub.rounds.pulse())
            await stop.arrived()
            place.now_ms += took_ms
            stop.open.set()
            await polling
            assert abs(hub.now_ms() - place.now_ms) <= took_ms


# ---- Who is listed and not shown, shown and not listed -------------------------------------------


async def test_who_moves_about_without_a_word_leaves_nothing_that_is_kept_for_the_next_one() -> (
    None
):
    async with process_pair() as place:
        await place.first.come(await person(place.registry, "Bob", BESIDE))
        alice, hub = await person(place.registry, "Alice", HERE), place.first.hub
        for radius_m in range(100, 200):
            moved = Place(HERE.cell, radius_m)
            hub.announce(await place.registry.place(alice.digest, moved, ""))
        assert not hub.audience.recipients


# ---- Marks and epochs ---------------------------------------------------------------------------


async def test_a_mark_from_before_the_last_move_is_not_sent() -> None:
    async with process_pair() as place:
        await place.first.come(await person(place.registry, "Alice", HERE))
        await place.first.poll()
        place.now_ms += 1_000
        bob = await place.first.come(await person(place.registry, "Bob", HERE))
        marks = len(bob.page.all("mark"))
        await place.first.hub.rounds.mark()
        assert len(bob.page.all("mark")) == marks
        await place.first.poll()
        await place.first.hub.rounds.mark()
        assert bob.page.all("mark")[-1]["mark"] == place.now_ms


async def test_a_mark_leaves_after_what_was_said_before_it() -> None:
    async with process_pair() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.first.come(await person(place.registry, "Bob", BESIDE))
        LoopClock()
        for text in ("1", "2"):
            place.now_ms += 1
            await place.first.send_text(alice, text)
        place.now_ms += 5
        await place.first.poll()
        bob.page.frames.clear()
        await place.first.hub.rounds.mark()
        assert bob.page.kinds == ["chat.message", "mark"]
        assert bob.page.texts == ["2"]


async def test_a_restart_of_the_store_registers_everybody_again_and_says_so() -> None:
    async with process_pair() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.second.come(await person(place.registry, "Bob", BESIDE))
        await place.settle()
        renames = alice.session.renames_left
        place.registry.store.__init__(lambda: place.now_ms)
        place.history.streams.clear()
        time = LoopClock()
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
        await place.first.send_text(alice, "still here")
        await place.settle()
        assert bob.page.texts == ["still here"]


@pytest.mark.parametrize("step", ["renew", "restore", "people", "place"])
async def test_a_restart_that_is_lost_on_its_way_begins_anew_with_the_next_pulse(
    step: str,
) -> None:
    async with process_pair() as place:
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
            await place.first.hub.rounds.pulse()
        assert not alice.page.all("gap")
        await place.first.poll()
        await place.first.poll()
        assert [gap["reason"] for gap in alice.page.all("gap")] == ["restarted"]
        found = await place.registry.people([tile_of(HERE.cell)])
        assert [one.name for one in found[tile_of(HERE.cell)].people.values()] == ["Alice"]


# ---- Readers that do not read -------------------------------------------------------------------


async def test_who_was_given_up_as_too_slow_is_told_once_when_they_are_back() -> None:
    async with process_pair() as place:
        session = await person(place.registry, "Bob", BESIDE)
        bob = await place.first.come(session)
        bob.page.too_slow = True
        place.first.hub.exit(bob)
        await place.settle()
        again = await place.first.come(session)
        assert [error["code"] for error in again.page.all("error")] == ["too-slow"]
        once = await place.first.come(session)
        assert not once.page.all("error")


async def test_a_note_that_cannot_be_forgotten_costs_nobody_their_socket() -> None:
    async with process_pair() as place:
        session = await person(place.registry, "Bob", BESIDE)
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        await place.registry.note(session.digest, "too-slow")
        place.registry.failing["note"] = Refused("store-unavailable")
        bob = await place.first.come(session)
        assert [error["code"] for error in bob.page.all("error")] == ["too-slow"]
        await place.first.send_text(alice, "hello")
        assert bob.page.texts == ["hello"]
