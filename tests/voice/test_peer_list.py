"""What people in voice see of each other, whom it is drawn for, and when."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from neartalk.background import Background
from tests.support.hubs import WAIT_S, never, turns
from tests.voice.processes import AWAY, BESIDE, HERE, NEXT, town
from voice.signaling.hub import Switchboard

if TYPE_CHECKING:
    from presence.hub import Hint
    from tests.voice.processes import Seat, Town
    from voice.signaling import Line


@pytest.fixture(autouse=True)
def no_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Background, "_round", never)


async def test_what_two_agree_on_redraws_nobody_else_s_list() -> None:
    async with town() as place:
        alice = await place.speaker("Alice", place.first)
        bob = await place.speaker("Bob", place.second, BESIDE)
        carol = await place.speaker("Carol", place.first)
        await carol.until(Alice="near", Bob="near")
        await place.call(alice, bob)
        await alice.until(Bob="live", Carol="near")
        assert carol.timer is None
        await place.first.board.decline(alice, bob.person_id)
        assert carol.timer is None


async def test_who_speaks_with_one_of_two_sees_at_once_that_these_speak() -> None:
    async with town() as place:
        alice, bob = await place.met()
        carol = await place.speaker("Carol", place.second, NEXT)
        await alice.until(Bob="live", Carol="near")
        await place.call(bob, carol)
        await alice.page.until(lambda: unheard(alice) == [carol.person_id])
        await carol.page.until(lambda: unheard(carol) == [alice.person_id])


def unheard(one: Seat) -> list[str]:
    return [far["person_id"] for far in one.page.all("voice.peers")[-1]["unheard"]]


async def test_a_round_that_finds_nothing_new_redraws_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with town() as place:
        await place.met()
        await rounds(place)  # the first tells of the other process
        shown: list[Line] = []
        monkeypatch.setattr(Switchboard, "_show", lambda _, line, apart_s=0: shown.append(line))
        await rounds(place)
        assert shown == []


async def rounds(place: Town) -> None:
    for office in (place.first, place.second):
        await office.board._heal()
        await office.board._follow()


async def test_between_two_of_many_lists_the_process_hears_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with town() as place:
        people = [await place.speaker(f"p{turn}", place.first) for turn in range(10)]
        await place.settle()
        ticks, drawn = 0, []
        rows = place.first.board._list

        def noted(*args: Any) -> Any:
            drawn.append(ticks)
            return rows(*args)

        monkeypatch.setattr(place.first.board, "_list", noted)
        for one in people:
            place.first.board._show(one)
        async with asyncio.timeout(WAIT_S):
            while len(drawn) < len(people):
                await asyncio.sleep(0)
                ticks += 1
        assert len({*drawn}) == len(people)


async def test_a_list_that_waited_for_the_store_does_not_cover_a_newer_one() -> None:
    async with town() as place:
        alice, bob = await place.met()
        carol = await place.speaker("Carol", place.second, NEXT)
        await place.settle()
        await place.call(bob, carol)
        waits = place.callers.stop("before", "read")
        place.first.board.picture._drop(carol.person_id)
        place.first.board._show(alice)
        await waits.arrived()
        await place.second.board.leave(bob)
        await turns(200)
        waits.open.set()
        await place.settle()
        assert "Bob" not in alice.listed


async def test_who_left_is_not_told_of_as_far_as_others_know_it_later() -> None:
    async with town() as place:
        alice, bob = await place.met()
        carol = await place.speaker("Carol", place.second, NEXT)
        await place.settle()
        await place.call(bob, carol)
        place.wire.fate = lambda hint: 0
        await place.second.board.leave(carol)
        place.first.board.picture._drop(carol.person_id)
        place.first.board._show(alice)
        await place.settle()
        await alice.until(Bob="live")
        assert alice.page.all("voice.peers")[-1]["unheard"] == []


async def test_who_comes_while_their_district_is_still_being_read_sees_all_of_it() -> None:
    async with town() as place:
        await place.speaker("Alice", place.first)
        reading = place.callers.stop("before", "within")
        first = asyncio.create_task(place.speaker("Bob", place.second))
        await reading.arrived()
        second = asyncio.create_task(place.speaker("Carol", place.second))
        await turns(200)
        assert not second.done()
        reading.open.set()
        await first
        carol = await second
        await place.settle()
        await carol.until(Alice="near", Bob="near")


async def test_whoever_still_enters_is_shown_nothing_yet(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with town() as place:
        entering = place.callers.stop("before", "change")
        coming = asyncio.create_task(place.speaker("Alice", place.first))
        await entering.arrived()
        await place.speaker("Bob", place.first, BESIDE)
        await place.settle()
        entering.open.set()
        alice = await coming
        await alice.until(Bob="near")
        assert "failed" not in caplog.text


async def test_what_is_passed_on_after_the_call_ended_reaches_nobody() -> None:
    async with town() as place:
        alice, bob = await place.met()
        seen: list[Hint] = []
        receive = place.second.layer.queue
        await place.first.board.say_state(alice, muted=True)
        seen.append(receive.get_nowait())
        await place.second.board.leave(bob)
        await place.second.board.join(bob, "instance-anew", direct=True)
        receive.put_nowait(seen[0])
        await place.settle()
        assert bob.page.all("voice.state") == []


async def test_who_moved_away_is_off_the_list_of_those_who_only_saw_them() -> None:
    async with town() as place:
        alice = await place.speaker("Alice", place.first)
        bob = await place.speaker("Bob", place.second, BESIDE)
        await alice.until(Bob="near")
        await place.registry.place(bob.session.digest, AWAY, "")
        await place.second.board._follow()
        await alice.until()


async def test_what_happens_far_away_costs_a_line_nothing() -> None:
    async with town() as place:
        dora = await place.speaker("Dora", place.first, AWAY)
        await place.settle()
        lists = len(dora.page.frames)
        alice, bob = await place.met()
        assert (alice.timer, bob.timer, dora.timer) == (None, None, None)
        await place.first.board.leave(alice)
        assert dora.timer is None
        assert len(dora.page.frames) == lists


async def test_a_district_that_nobody_hears_any_more_is_let_go() -> None:
    async with town() as place:
        alice = await place.speaker("Alice", place.first)
        await place.first.board.leave(alice)
        await place.settle()
        assert place.first.board.picture.districts == set()
        assert place.first.board.picture.by_district == {}
        assert not any(
            place.first.layer.queue in queues
            for group, queues in place.wire.groups.items()
            if not group.endswith("processes")
        )


async def test_moving_to_another_district_hears_the_new_one_and_lets_go_of_the_old() -> None:
    async with town() as place:
        alice = await place.speaker("Alice", place.first)
        dora = await place.speaker("Dora", place.second, AWAY)
        await place.settle()
        before = {*place.first.board.picture.districts}
        await place.registry.place(alice.session.digest, AWAY, "")
        await place.first.board._follow()
        await place.settle()
        await alice.until(Dora="near")
        await dora.until(Alice="near")
        assert not before <= place.first.board.picture.districts
        assert HERE != AWAY
