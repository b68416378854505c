"""What a peer list shows, whom it is sent to, and when."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.processes import LoopClock, turns
from tests.support.waiting import deadline
from tests.voice.processes import AWAY, BESIDE, HERE, NEXT, two_processes
from voice.callers import Caller, Tie
from voice.signaling import frames
from voice.signaling.peer_list import PeerLists

if TYPE_CHECKING:
    from presence.hub import Hint
    from tests.voice.processes import PageConnection, TwoProcesses
    from voice.signaling import SignalingConnection


pytestmark = pytest.mark.usefixtures("no_rounds")


async def test_what_two_agree_on_sends_nobody_else_a_list() -> None:
    async with two_processes() as both:
        alice = await both.speaker("Alice", both.first)
        bob = await both.speaker("Bob", both.second, BESIDE)
        carol = await both.speaker("Carol", both.first)
        await carol.until(Alice="near", Bob="near")
        await both.call(alice, bob)
        await alice.until(Bob="live", Carol="near")
        assert carol.timer is None
        await both.first.hub.decline(alice, bob.person_id)
        assert carol.timer is None


async def test_who_speaks_with_one_of_two_sees_at_once_that_these_speak() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        carol = await both.speaker("Carol", both.second, NEXT)
        await alice.until(Bob="live", Carol="near")
        await both.call(bob, carol)
        await alice.page.until(lambda: unheard(alice) == [carol.person_id])
        await carol.page.until(lambda: unheard(carol) == [alice.person_id])


async def test_who_would_not_hear_one_in_the_chat_is_listed_without_a_distance_and_last() -> None:
    async with two_processes() as both:
        alice = await both.speaker("Alice", both.first)
        await both.speaker("Bob", both.second, BESIDE)
        wide = NEXT._replace(radius_m=2000)
        carols = [await both.speaker("Carol", both.second, wide) for _ in range(3)]
        await alice.page.until(lambda: len(alice.page.all("voice.peers")[-1]["peers"]) == 4)
        first, *others = alice.page.all("voice.peers")[-1]["peers"]
        assert (first["username"], first["distance"], first["metres"]) == ("Bob", "~300 m", 300)
        assert {(one["distance"], one["metres"]) for one in others} == {("further away", None)}
        assert [one["person_id"] for one in others] == sorted(one.person_id for one in carols)
        carol = carols[0].page
        await carol.until(lambda: len(carol.all("voice.peers")[-1]["peers"]) == 4)
        last = carol.all("voice.peers")[-1]["peers"][-1]
        assert (last["username"], last["distance"]) == ("Alice", "further away")
        assert last["metres"] is None


def test_a_call_is_listed_however_many_knock_from_nearer() -> None:
    knocking = [f"p{turn:02}" for turn in range(60)]
    ties = {**dict.fromkeys(knocking, Tie.INCOMING), "friend": Tie.LIVE}
    me = Caller("me", place=HERE, process="here", ties=ties)
    others = [Caller(one, place=HERE, process="here") for one in knocking]
    others.append(Caller("friend", place=BESIDE, process="here", ties={"me": Tie.LIVE}))
    known = {one.person_id: one for one in [me, *others]}
    listed = json.loads(frames.peers(me, others, known, 8, 0).text)["peers"]
    assert len(listed) == frames.SHOWN_MAX
    assert [one["state"] for one in listed if one["person_id"] == "friend"] == ["live"]
    # Nearest first all the same.
    assert listed[-1]["person_id"] == "friend"


def unheard(one: PageConnection) -> list[str]:
    return [far["person_id"] for far in one.page.all("voice.peers")[-1]["unheard"]]


async def test_a_round_that_finds_nothing_new_sends_no_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with two_processes() as both:
        await both.met()
        await rounds(both)  # the first tells of the other process
        shown: list[SignalingConnection] = []
        monkeypatch.setattr(PeerLists, "schedule", lambda _, one, period_s=0: shown.append(one))
        await rounds(both)
        assert shown == []


async def rounds(both: TwoProcesses) -> None:
    for process in (both.first, both.second):
        await process.hub.repair.heal()
        await process.hub.repair.follow()


async def test_between_two_of_many_lists_the_process_hears_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with two_processes() as both:
        people = [await both.speaker(f"p{turn}", both.first) for turn in range(10)]
        await both.settle()
        ticks, drawn = 0, []
        lists = both.first.hub.peer_lists
        render = lists.render

        def noted(*args: Any) -> Any:
            drawn.append(ticks)
            return render(*args)

        monkeypatch.setattr(lists, "render", noted)
        for one in people:
            lists.schedule(one)
        async with deadline("a list for each"):
            while len(drawn) < len(people):
                await asyncio.sleep(0)
                ticks += 1
        assert len({*drawn}) == len(people)


async def test_a_list_that_waited_for_the_store_does_not_cover_a_newer_one() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        carol = await both.speaker("Carol", both.second, NEXT)
        await both.settle()
        await both.call(bob, carol)
        waits = both.callers.stop("before", "read")
        both.first.hub.coordinator.cache.remove(carol.person_id)
        both.first.hub.peer_lists.schedule(alice)
        await waits.arrived()
        await both.second.hub.leave(bob)
        await turns(200)
        waits.open.set()
        await both.settle()
        assert "Bob" not in alice.listed


async def test_who_left_is_not_told_of_as_far_as_others_know_it_later() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        carol = await both.speaker("Carol", both.second, NEXT)
        await both.settle()
        await both.call(bob, carol)
        both.wire.fate = lambda hint: 0
        await both.second.hub.leave(carol)
        both.first.hub.coordinator.cache.remove(carol.person_id)
        both.first.hub.peer_lists.schedule(alice)
        await both.settle()
        await alice.until(Bob="live")
        assert alice.page.all("voice.peers")[-1]["unheard"] == []


async def test_who_comes_while_their_district_is_still_being_read_sees_all_of_it() -> None:
    async with two_processes() as both:
        await both.speaker("Alice", both.first)
        reading = both.callers.stop("before", "within")
        first = asyncio.create_task(both.speaker("Bob", both.second))
        await reading.arrived()
        second = asyncio.create_task(both.speaker("Carol", both.second))
        await turns(200)
        assert not second.done()
        reading.open.set()
        await first
        carol = await second
        await both.settle()
        await carol.until(Alice="near", Bob="near")


async def test_whoever_still_enters_is_shown_nothing_yet(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with two_processes() as both:
        entering = both.callers.stop("before", "change")
        coming = asyncio.create_task(both.speaker("Alice", both.first))
        await entering.arrived()
        await both.speaker("Bob", both.first, BESIDE)
        await both.settle()
        entering.open.set()
        alice = await coming
        await alice.until(Bob="near")
        assert "failed" not in caplog.text


async def test_what_is_passed_on_after_the_call_ended_reaches_nobody() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        seen: list[Hint] = []
        receive = both.second.layer.queue
        await both.first.hub.send_state(alice, muted=True)
        seen.append(receive.get_nowait())
        await both.second.hub.leave(bob)
        await both.second.hub.join(bob, "instance-anew", direct=True)
        receive.put_nowait(seen[0])
        await both.settle()
        assert bob.page.all("voice.state") == []


async def test_who_moved_away_is_off_the_list_of_those_who_only_saw_them() -> None:
    async with two_processes() as both:
        alice = await both.speaker("Alice", both.first)
        bob = await both.speaker("Bob", both.second, BESIDE)
        await alice.until(Bob="near")
        await both.registry.place(bob.session.digest, AWAY, "")
        await both.second.hub.repair.follow()
        await alice.until()


async def test_what_happens_far_away_costs_a_connection_nothing() -> None:
    async with two_processes() as both:
        dora = await both.speaker("Dora", both.first, AWAY)
        await both.settle()
        lists = len(dora.page.frames)
        alice, bob = await both.met()
        assert (alice.timer, bob.timer, dora.timer) == (None, None, None)
        await both.first.hub.leave(alice)
        assert dora.timer is None
        assert len(dora.page.frames) == lists


async def test_a_district_that_nobody_hears_any_more_is_let_go() -> None:
    async with two_processes() as both:
        alice = await both.speaker("Alice", both.first)
        await both.first.hub.leave(alice)
        await both.settle()
        assert both.first.hub.coordinator.cache.districts == set()
        assert both.first.hub.coordinator.cache.by_district == {}
        assert not any(
            both.first.layer.queue in queues
            for group, queues in both.wire.groups.items()
            if not group.endswith("processes")
        )


async def test_moving_to_another_district_hears_the_new_one_and_lets_go_of_the_old() -> None:
    async with two_processes() as both:
        alice = await both.speaker("Alice", both.first)
        dora = await both.speaker("Dora", both.second, AWAY)
        await both.settle()
        before = {*both.first.hub.coordinator.cache.districts}
        await both.registry.place(alice.session.digest, AWAY, "")
        await both.first.hub.repair.follow()
        await both.settle()
        await alice.until(Dora="near")
        await dora.until(Alice="near")
        assert not before <= both.first.hub.coordinator.cache.districts
        assert HERE != AWAY


async def test_a_list_is_due_once_a_period_or_at_once_and_never_twice() -> None:
    async with two_processes() as both:
        alice = await both.speaker("Alice", both.first)
        await alice.page.until(lambda: alice.page.all("voice.peers") != [])
        lists, time = PeerLists(both.first.hub.coordinator), LoopClock()
        alice.listed_at_s = time.now
        for _ in range(2):
            lists.schedule(alice, 1.0)
        await time.pass_s(0.9)
        assert lists.queue.empty()
        await time.pass_s(0.2)
        assert lists.queue.qsize() == 1
        assert lists.begin(await lists.due())
        lists.schedule(alice, 1.0)
        lists.schedule(alice)
        lists.schedule(alice, 1.0)
        await time.pass_s(0.0)
        assert lists.queue.qsize() == 1
        await time.pass_s(2.0)
        assert lists.queue.qsize() == 1
