"""The hub: who is sent what and when, and who counts as here; what a restart of the store does."""

import asyncio

import pytest

from neartalk.codes import Refused
from presence.delivery.window import WINDOW_S
from presence.geo import tile_of
from presence.hub.departures import LINGER_S
from presence.hub.presence_broadcaster import PEOPLE_S, SOON_S
from presence.values import Place
from tests.presence.process_pair import process_pair
from tests.support.processes import AWAY, BESIDE, HERE, LoopClock, person

WINDOW_OVER = WINDOW_S + 0.001


# ---- Messages that leave together ---------------------------------------------------------------


async def test_the_first_message_leaves_at_once_and_what_follows_leaves_together() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.first.join(await person(pair.registry, "Bob", BESIDE))
        time = LoopClock()
        for text in ("1", "2", "3"):
            await pair.first.send_text(alice, text)
        assert bob.page.lots == [["1"]]
        await time.pass_s(WINDOW_OVER)
        assert bob.page.lots == [["1"], ["2", "3"]]
        await pair.first.send_text(alice, "4")
        assert bob.page.lots == [["1"], ["2", "3"]]
        await time.pass_s(WINDOW_OVER)
        assert bob.page.lots == [["1"], ["2", "3"], ["4"]]
        await time.pass_s(WINDOW_OVER)
        await pair.first.send_text(alice, "5")
        assert bob.page.lots == [["1"], ["2", "3"], ["4"], ["5"]]


async def test_own_copies_leave_with_the_others_and_after_their_ack() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.first.join(await person(pair.registry, "Bob", HERE))
        time = LoopClock()
        await pair.first.send_text(alice, "1")
        await pair.first.send_text(bob, "2")
        await pair.first.send_text(alice, "3")
        await time.pass_s(WINDOW_OVER)
        assert alice.page.lots == bob.page.lots == [["1"], ["2", "3"]]
        acked = [ack["id"] for ack in alice.page.all("chat.ack")]
        assert acked == [one["id"] for one in alice.page.all("chat.message") if one["text"] != "2"]
        kinds = alice.page.kinds
        assert kinds.index("chat.ack") < kinds.index("chat.message")


async def test_who_leaves_their_place_within_the_window_still_gets_what_was_said_there() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.first.join(await person(pair.registry, "Bob", BESIDE))
        LoopClock()
        for text in ("1", "2"):
            await pair.first.send_text(alice, text)
        assert bob.page.texts == ["1"]
        hub = pair.first.hub
        hub.announce(await pair.registry.place(bob.session.digest, AWAY, hub.process))
        await pair.settle()
        assert bob.page.texts == ["1", "2"]
        await pair.first.send_text(alice, "not heard")
        assert bob.page.texts == ["1", "2"]


async def test_who_is_out_of_range_or_behind_the_smaller_radius_hears_nothing() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        charlie = await pair.first.join(await person(pair.registry, "Charlie", AWAY))
        short = Place(BESIDE.cell, 100)
        dora = await pair.first.join(await person(pair.registry, "Dora", short))
        await pair.first.send_text(alice, "hello")
        await pair.first.send_text(dora, "alone")
        assert alice.page.texts == ["hello"]
        assert charlie.page.texts == []
        assert dora.page.texts == ["alone"]


# ---- Coming and going ---------------------------------------------------------------------------


async def test_who_closes_their_last_socket_is_here_for_45_seconds_more() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        await pair.settle()
        time = LoopClock()
        pair.first.hub.exit(alice)
        await time.pass_s(LINGER_S - 0.1)
        await pair.settle()
        assert bob.page.names == ["Alice"]
        await time.pass_s(0.2)
        await pair.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []


async def test_a_silence_before_the_end_counts_towards_the_45_seconds() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.first.join(await person(pair.registry, "Bob", BESIDE))
        time = LoopClock()
        alice.page.quiet = 20.0
        pair.first.hub.exit(alice)
        await time.pass_s(LINGER_S - 20 + 0.1)
        await pair.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert bob.page.names == []


async def test_who_comes_back_in_time_was_never_gone() -> None:
    async with process_pair() as pair:
        session = await person(pair.registry, "Alice", HERE)
        alice = await pair.first.join(session)
        bob = await pair.first.join(await person(pair.registry, "Bob", BESIDE))
        await pair.settle()
        time = LoopClock()
        await time.pass_s(PEOPLE_S + SOON_S)
        pair.first.hub.exit(alice)
        await time.pass_s(LINGER_S - 1)
        await pair.second.join(session)
        shown = len(bob.page.all("people"))
        await time.pass_s(LINGER_S)
        await pair.settle()
        assert bob.page.names == ["Alice"]
        assert len(bob.page.all("people")) == shown


async def test_a_departure_that_falls_due_while_one_comes_back_does_not_happen() -> None:
    async with process_pair() as pair:
        session = await person(pair.registry, "Alice", HERE)
        alice = await pair.first.join(session)
        time = LoopClock()
        pair.first.hub.exit(alice)
        stop = pair.registry.stop("after", "place")
        back = await pair.first.begin_join(session)
        await stop.arrived()
        await time.pass_s(LINGER_S + 1)
        assert not pair.first.hub.background.tasks
        stop.open.set()
        await back.task
        found = await pair.registry.people([tile_of(HERE.cell)])
        assert session.person.person_id in found[tile_of(HERE.cell)].people


async def test_with_a_second_socket_open_nobody_leaves() -> None:
    async with process_pair() as pair:
        session = await person(pair.registry, "Alice", HERE)
        first = await pair.first.join(session)
        await pair.first.join(session)
        time = LoopClock()
        pair.first.hub.exit(first)
        await time.pass_s(LINGER_S + 1)
        await pair.settle()
        assert session.person.person_id in pair.first.hub.audience.sockets
        assert pair.first.hub.broadcaster.nearby(BESIDE).count == 1


async def test_a_late_answer_says_little_about_the_clock_of_the_store() -> None:
    async with process_pair() as pair:
        hub = pair.first.hub
        hub.clock.own = lambda: pair.now_ms + 300_000  # this machine's is five minutes off
        await pair.first.poll()
        assert hub.now_ms() == pair.now_ms
        stop = pair.registry.stop("after", "status")
        polling = asyncio.create_task(hub.rounds.pulse())
        await stop.arrived()
        pair.now_ms += 1900
        stop.open.set()
        await polling
        assert hub.now_ms() == pair.now_ms


async def test_a_clock_that_was_set_is_found_out_with_the_next_answer_however_slow() -> None:
    async with process_pair() as pair:
        hub = pair.first.hub
        for ahead_ms, took_ms in ((0, 0), (300_000, 20), (-300_000, 1900), (0, 50)):
            hub.clock.own = lambda: pair.now_ms + ahead_ms  # noqa: B023
            stop = pair.registry.stop("after", "status")
            polling = asyncio.create_task(hub.rounds.pulse())
            await stop.arrived()
            pair.now_ms += took_ms
            stop.open.set()
            await polling
            assert abs(hub.now_ms() - pair.now_ms) <= took_ms


# ---- Who is listed and not shown, shown and not listed -------------------------------------------


async def test_who_moves_about_without_a_word_leaves_nothing_that_is_kept_for_the_next_one() -> (
    None
):
    async with process_pair() as pair:
        await pair.first.join(await person(pair.registry, "Bob", BESIDE))
        alice, hub = await person(pair.registry, "Alice", HERE), pair.first.hub
        for radius_m in range(100, 200):
            moved = Place(HERE.cell, radius_m)
            hub.announce(await pair.registry.place(alice.digest, moved, ""))
        assert not hub.audience.recipients


# ---- Marks and epochs ---------------------------------------------------------------------------


async def test_a_mark_from_before_the_last_move_is_not_sent() -> None:
    async with process_pair() as pair:
        await pair.first.join(await person(pair.registry, "Alice", HERE))
        await pair.first.poll()
        pair.now_ms += 1_000
        bob = await pair.first.join(await person(pair.registry, "Bob", HERE))
        marks = len(bob.page.all("mark"))
        await pair.first.hub.rounds.mark()
        assert len(bob.page.all("mark")) == marks
        await pair.first.poll()
        await pair.first.hub.rounds.mark()
        assert bob.page.all("mark")[-1]["mark"] == pair.now_ms


async def test_a_mark_leaves_after_what_was_said_before_it() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.first.join(await person(pair.registry, "Bob", BESIDE))
        LoopClock()
        for text in ("1", "2"):
            pair.now_ms += 1
            await pair.first.send_text(alice, text)
        pair.now_ms += 5
        await pair.first.poll()
        bob.page.frames.clear()
        await pair.first.hub.rounds.mark()
        assert bob.page.kinds == ["chat.message", "mark"]
        assert bob.page.texts == ["2"]


async def test_a_restart_of_the_store_registers_everybody_again_and_says_so() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        await pair.settle()
        renames = alice.session.renames_left
        pair.registry.store.__init__(lambda: pair.now_ms)
        pair.history.streams.clear()
        time = LoopClock()
        for process in (pair.first, pair.second, pair.first):
            await process.poll()
        await pair.settle()
        await time.pass_s(PEOPLE_S + SOON_S)
        assert (alice.page.names, bob.page.names) == (["Bob"], ["Alice"])
        kept = await pair.registry.get(alice.session.digest)
        assert (kept.person.name, kept.renames_left) == ("Alice", renames)
        for socket in (alice, bob):
            assert [gap["reason"] for gap in socket.page.all("gap")] == ["restarted"]
            assert socket.page.all("welcome")[-1]["epoch"] == pair.registry.store.leases.epoch
        await pair.first.send_text(alice, "still here")
        await pair.settle()
        assert bob.page.texts == ["still here"]


@pytest.mark.parametrize("step", ["renew", "restore", "people", "place"])
async def test_a_restart_that_is_lost_on_its_way_begins_anew_with_the_next_pulse(
    step: str,
) -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        await pair.settle()
        pair.registry.store.__init__(lambda: pair.now_ms)
        if step == "place":  # between the session and its place

            async def half(digest: str, at: Place, process: str) -> None:
                del pair.registry.store.place
                raise Refused("store-unavailable")

            pair.registry.store.place = half
        else:
            pair.registry.failing[step] = Refused("store-unavailable")
        with pytest.raises(Refused):
            await pair.first.hub.rounds.pulse()
        assert not alice.page.all("gap")
        await pair.first.poll()
        await pair.first.poll()
        assert [gap["reason"] for gap in alice.page.all("gap")] == ["restarted"]
        found = await pair.registry.people([tile_of(HERE.cell)])
        assert [one.name for one in found[tile_of(HERE.cell)].people.values()] == ["Alice"]


# ---- Readers that do not read -------------------------------------------------------------------


async def test_who_was_given_up_as_too_slow_is_told_once_when_they_are_back() -> None:
    async with process_pair() as pair:
        session = await person(pair.registry, "Bob", BESIDE)
        bob = await pair.first.join(session)
        bob.page.too_slow = True
        pair.first.hub.exit(bob)
        await pair.settle()
        again = await pair.first.join(session)
        assert [error["code"] for error in again.page.all("error")] == ["too-slow"]
        once = await pair.first.join(session)
        assert not once.page.all("error")


async def test_a_note_that_cannot_be_forgotten_costs_nobody_their_socket() -> None:
    async with process_pair() as pair:
        session = await person(pair.registry, "Bob", BESIDE)
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        await pair.registry.note(session.digest, "too-slow")
        pair.registry.failing["note"] = Refused("store-unavailable")
        bob = await pair.first.join(session)
        assert [error["code"] for error in bob.page.all("error")] == ["too-slow"]
        await pair.first.send_text(alice, "hello")
        assert bob.page.texts == ["hello"]
