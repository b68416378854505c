"""Doors on two processes: who is connected when one opens, comes near, leaves or is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from neartalk.codes import Refused
from neartalk.limits import RULES
from neartalk.models import Sanction
from presence.registry import LEASE_MS
from tests.voice.processes import AWAY, BESIDE, HERE, NEXT, two_processes
from voice.callers import AWAY_MS, DECLINED_MS, DoorState, Tie

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

    from tests.voice.processes import PageConnection, TwoProcesses, VoiceProcess

pytestmark = pytest.mark.usefixtures("no_rounds")

LOST = Refused("store-unavailable", retry_after=2)


async def opened(
    both: TwoProcesses, name: str, process: VoiceProcess, place: Any = HERE
) -> PageConnection:
    """Somebody who comes in with an open door; returns once nothing is under way."""
    one = await both.speaker(name, process, place, DoorState.OPEN)
    await both.settle()
    return one


async def turn(both: TwoProcesses, one: PageConnection, door: DoorState) -> None:
    await one.process.hub.set_door(one, door)
    await both.settle()


async def rounds(both: TwoProcesses) -> None:
    for process in (both.first, both.second):
        await process.hub.repair.heal()
        await process.hub.repair.follow()
    await both.settle()


async def pass_time(both: TwoProcesses, passed_ms: int) -> None:
    """Both processes live on meanwhile."""
    began_ms, step_ms = both.now_ms, LEASE_MS // 2
    for turn_ms in (*range(step_ms, passed_ms, step_ms), passed_ms):
        both.now_ms = began_ms + turn_ms
        for process in (both.first, both.second):
            await process.presence.leases.renew()


def own_door(one: PageConnection) -> str:
    return str(one.page.all("voice.peers")[-1]["door"])


def ahead(one: PageConnection) -> dict[str, int]:
    """Of those who wait, by name, how many pairs go before."""
    rows = one.page.all("voice.peers")[-1]["peers"]
    return {row["username"]: row["ahead"] for row in rows if "ahead" in row}


def counted(both: TwoProcesses, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many people each transaction of the store is handed from now on."""
    handed: list[int] = []
    change = both.callers.store.change

    async def count(ids: Any, decide: Callable[..., Any], beside: Any = ()) -> Any:
        def decided(found: Any) -> Any:
            handed.append(len(found))
            return decide(found)

        return await change(ids, decided, beside)

    monkeypatch.setattr(both.callers.store, "change", count)
    return handed


# ---- Open doors ----------------------------------------------------------------------------------


async def test_two_open_doors_connect_at_once_without_a_frame_of_either() -> None:
    async with two_processes() as both:
        alice = await opened(both, "Alice", both.first)
        bob = await opened(both, "Bob", both.second, BESIDE)
        await alice.until(Bob="live")
        await bob.until(Alice="live")
        assert (alice.doors, own_door(alice)) == ({"Bob": "open"}, "open")


async def test_a_door_that_opens_later_connects_and_is_seen_by_who_has_none() -> None:
    async with two_processes() as both:
        alice = await opened(both, "Alice", both.first)
        bob = await both.speaker("Bob", both.second, BESIDE)
        carol = await both.speaker("Carol", both.second, NEXT)
        await both.settle()
        await alice.until(Bob="near", Carol="near")
        assert (bob.doors, own_door(bob)) == ({"Alice": "open", "Carol": "ask"}, "ask")
        await turn(both, bob, DoorState.OPEN)
        await alice.until(Bob="live", Carol="near")
        await bob.until(Alice="live", Carol="near")
        await carol.page.until(lambda: carol.doors == {"Alice": "open", "Bob": "open"})
        await turn(both, bob, DoorState.ASK)
        await alice.until(Bob="live", Carol="near")


async def test_whoever_asks_at_an_open_door_is_in_and_one_who_asks_openly_is_not() -> None:
    async with two_processes() as both:
        alice = await opened(both, "Alice", both.first)
        bob = await both.speaker("Bob", both.second, BESIDE)
        await both.settle()
        await both.first.hub.knock(alice, bob.person_id)
        await bob.until(Alice="knocks")
        await both.first.hub.decline(alice, bob.person_id)
        await both.second.hub.knock(bob, alice.person_id)
        await both.settle()
        await alice.until(Bob="live")
        await bob.until(Alice="live")


async def test_whoever_comes_near_is_connected_once_their_place_takes_effect() -> None:
    async with two_processes() as both:
        alice = await opened(both, "Alice", both.first)
        bob = await opened(both, "Bob", both.second, AWAY)
        await alice.until()
        await both.registry.place(bob.session.digest, NEXT, "")
        await both.second.hub.repair.follow()
        await both.settle()
        await alice.until(Bob="live")
        await both.registry.place(bob.session.digest, AWAY, "")
        await both.second.hub.repair.follow()
        await both.settle()
        assert alice.ends == [(bob.person_id, "apart")]


async def test_two_who_enter_in_the_same_moment_are_connected_by_their_first_lists() -> None:
    async with two_processes() as both:
        alice, bob = await asyncio.gather(
            both.speaker("Alice", both.first, HERE, DoorState.OPEN),
            both.speaker("Bob", both.second, BESIDE, DoorState.OPEN),
        )
        await both.settle()
        for one in (alice, bob):
            one.process.hub.peer_lists.schedule(one)
        await both.settle()
        await alice.until(Bob="live")
        await bob.until(Alice="live")


async def test_whoever_is_back_keeps_their_calls_and_comes_with_the_door_they_say() -> None:
    async with two_processes() as both:
        alice = await opened(both, "Alice", both.first)
        bob = await opened(both, "Bob", both.second, BESIDE)
        carol = await both.speaker("Carol", both.first)
        both.second.hub.exit(bob)
        await both.settle()
        await alice.until(Bob="away", Carol="near")
        # Nobody comes in while he is away.
        await turn(both, carol, DoorState.OPEN)
        await carol.until(Alice="live")
        again = await both.first.join(bob.session, door=DoorState.OPEN)
        await both.settle()
        await again.until(Alice="live", Carol="live")
        assert alice.ends == []


# ---- Free places ---------------------------------------------------------------------------------


async def test_past_the_limit_one_waits_and_comes_in_when_another_leaves(
    settings: Settings,
) -> None:
    settings.VOICE_CONNECTIONS = 1
    async with two_processes() as both:
        alice = await opened(both, "Alice", both.first)
        bob = await opened(both, "Bob", both.second, BESIDE)
        carol = await opened(both, "Carol", both.second, NEXT)
        await carol.until(Alice="waiting", Bob="waiting")
        assert ahead(carol) == {"Bob": 0, "Alice": 1}
        await alice.until(Bob="live", Carol="waiting")
        await both.second.hub.leave(bob)
        await both.settle()
        await alice.until(Carol="live")
        await carol.until(Alice="live")


async def test_a_place_of_a_process_that_died_is_free(settings: Settings) -> None:
    settings.VOICE_CONNECTIONS = 1
    async with two_processes() as both:
        alice = await opened(both, "Alice", both.first)
        bob = await opened(both, "Bob", both.second, BESIDE)
        carol = await opened(both, "Carol", both.first, NEXT)
        await alice.until(Bob="live", Carol="waiting")
        both.now_ms += LEASE_MS
        await both.first.presence.leases.renew()
        await both.first.pulse()
        await both.settle()
        await alice.until(Carol="live")
        await carol.until(Alice="live")
        assert alice.ends == [(bob.person_id, "gone")]


async def test_a_place_of_who_did_not_come_back_is_free(settings: Settings) -> None:
    settings.VOICE_CONNECTIONS = 1
    async with two_processes() as both:
        alice = await opened(both, "Alice", both.first)
        bob = await opened(both, "Bob", both.second, BESIDE)
        await opened(both, "Carol", both.first, NEXT)
        both.second.hub.exit(bob)
        await both.settle()
        await alice.until(Bob="away", Carol="waiting")
        both.now_ms += AWAY_MS
        await both.second.hub.repair.follow()
        await both.settle()
        await alice.until(Carol="live")


# ---- Declines, and nobody new --------------------------------------------------------------------


async def test_an_end_holds_at_open_doors_for_ten_minutes_and_is_over_by_a_round() -> None:
    async with two_processes() as both:
        alice = await opened(both, "Alice", both.first)
        bob = await opened(both, "Bob", both.second, BESIDE)
        await both.first.hub.decline(alice, bob.person_id)
        await both.settle()
        await bob.until(Alice="declined")
        await alice.until(Bob="near")
        await pass_time(both, DECLINED_MS - 1)
        await rounds(both)
        await turn(both, alice, DoorState.ASK)
        await turn(both, alice, DoorState.OPEN)
        await alice.until(Bob="near")
        both.now_ms += 1
        await rounds(both)
        for one in (alice, bob):
            one.process.hub.peer_lists.schedule(one)
        await both.settle()
        await alice.until(Bob="live")
        await bob.until(Alice="live")
        assert bob.ends == [(alice.person_id, "declined")]


async def test_behind_a_lock_calls_go_on_nobody_asks_and_undoing_lets_who_waits_in() -> None:
    async with two_processes() as both:
        alice, bob = await both.met()
        carol = await opened(both, "Carol", both.second, NEXT)
        await both.second.hub.knock(carol, alice.person_id)
        await alice.until(Bob="live", Carol="knocks")
        await turn(both, alice, DoorState.LOCKED)
        await alice.until(Bob="live", Carol="near")
        await carol.until(Alice="near", Bob="near")
        assert (own_door(alice), carol.doors["Alice"]) == ("locked", "locked")
        for one, other in ((alice, carol), (carol, alice)):
            with pytest.raises(Refused, match="locked") as refused:
                await one.process.hub.knock(one, other.person_id)
            assert refused.value.ref == other.person_id
        await rounds(both)
        assert (alice.ends, bob.ends, carol.ends) == ([], [], [])
        await turn(both, alice, DoorState.OPEN)
        await alice.until(Bob="live", Carol="live")


async def test_leaving_and_coming_in_again_undoes_a_lock() -> None:
    async with two_processes() as both:
        alice, bob = await both.strangers()
        await turn(both, alice, DoorState.LOCKED)
        await both.first.hub.leave(alice)
        await both.first.hub.join(alice, "instance-again", direct=True)
        await both.settle()
        await both.second.hub.knock(bob, alice.person_id)
        await both.settle()
        await alice.until(Bob="knocks")
        assert own_door(alice) == "ask"


# ---- Haste ---------------------------------------------------------------------------------------


async def test_a_door_that_opens_and_closes_all_the_time_is_refused_and_stays_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with two_processes() as both:
        alice, bob = await both.strangers()
        handed = counted(both, monkeypatch)
        refused = []
        for number in range(100):
            try:
                await both.first.hub.set_door(
                    alice, DoorState.ASK if number % 2 else DoorState.LOCKED
                )
            except Refused as why:
                refused.append(why)
        burst = RULES["voice.door"].burst
        assert {why.code for why in refused} == {"too-fast"}
        assert all(why.retry_after and why.rule == "voice.door" for why in refused)
        # Nothing is asked of the store for what is refused, nor for the same door again.
        assert len(handed) == burst
        assert alice.door is DoorState.ASK
        await both.settle()
        await bob.page.until(lambda: bob.doors == {"Alice": "ask"})


async def test_coming_in_openly_again_and_again_is_no_way_round_that() -> None:
    async with two_processes() as both:
        alice = await both.speaker("Alice", both.first)
        for _ in range(RULES["voice.door"].burst):
            await both.first.hub.join(alice, "instance-again", direct=True, door=DoorState.OPEN)
            await both.first.hub.leave(alice)
        with pytest.raises(Refused, match="too-fast"):
            await both.first.hub.join(alice, "instance-again", direct=True, door=DoorState.OPEN)
        # Who does not come in openly goes by the rules of before.
        await both.first.hub.join(alice, "instance-again", direct=True)


# ---- What is lost --------------------------------------------------------------------------------


async def test_open_doors_that_no_hint_told_of_each_other_connect_by_a_round() -> None:
    async with two_processes() as both:
        both.wire.fate = lambda hint: 0
        alice = await opened(both, "Alice", both.first)
        bob = await opened(both, "Bob", both.second, BESIDE)
        # Each knows nothing of the other's process yet.
        assert "Bob" not in alice.listed
        await both.first.presence.rounds.pulse()
        await both.second.presence.rounds.pulse()
        await rounds(both)
        for one in (alice, bob):
            one.process.hub.peer_lists.schedule(one)
        await both.settle()
        await rounds(both)
        await alice.until(Bob="live")
        await bob.until(Alice="live")


async def test_a_door_that_the_store_did_not_take_is_turned_by_the_next_round() -> None:
    async with two_processes() as both:
        alice = await opened(both, "Alice", both.first)
        bob = await both.speaker("Bob", both.second, BESIDE)
        await both.settle()
        both.callers.failing["change"] = LOST
        with pytest.raises(Refused, match="store-unavailable"):
            await both.second.hub.set_door(bob, DoorState.OPEN)
        await both.second.hub.repair.follow()
        await both.settle()
        await alice.until(Bob="live")


async def test_doors_that_the_store_lost_are_put_back_as_they_were() -> None:
    async with two_processes() as both:
        alice = await opened(both, "Alice", both.first)
        bob = await opened(both, "Bob", both.second, BESIDE)
        carol = await both.speaker("Carol", both.second, NEXT)
        await turn(both, carol, DoorState.LOCKED)
        for each in (both.callers.callers, both.callers.ends_ms, both.callers.districts):
            each.clear()
        for process in (both.first, both.second):
            await process.hub.repair.heal()
            await both.settle()
        each = (alice, bob, carol)
        known = await both.callers.read([one.person_id for one in each])
        doors = [known[one.person_id].door for one in each]
        assert doors == [DoorState.OPEN, DoorState.OPEN, DoorState.LOCKED]
        assert known[alice.person_id].ties == {bob.person_id: Tie.LIVE}
        assert (alice.ends, bob.ends) == ([], [])


# ---- Seen from outside ---------------------------------------------------------------------------


async def shown(both: TwoProcesses, one: PageConnection) -> bool:
    """Whether lists of people show the door of somebody as open."""
    await both.settle()
    session = await both.registry.find(one.person_id)
    return bool(session and session.person.door)


async def listed_openly(both: TwoProcesses) -> PageConnection:
    """Bob, who is in the chat and in voice at the second process with an open door."""
    bob = await opened(both, "Bob", both.second)
    await both.second.chat.join(bob.session)
    await both.settle()
    await both.second.presence.doors.compare()
    assert await shown(both, bob)
    return bob


async def test_whoever_is_not_in_voice_is_shown_a_door_while_it_is_open() -> None:
    async with two_processes() as both:
        bob = await listed_openly(both)
        for door, is_open in (
            (DoorState.ASK, False),
            (DoorState.OPEN, True),
            (DoorState.LOCKED, False),
        ):
            await turn(both, bob, door)
            assert await shown(both, bob) is is_open


@pytest.mark.parametrize("way", ["leaves", "closes the page", "is muted", "comes in elsewhere"])
async def test_a_door_is_shown_no_more_once_its_owner_is_out_of_voice(way: str) -> None:
    async with two_processes() as both:
        bob = await listed_openly(both)
        if way == "leaves":
            await both.second.hub.leave(bob)
        elif way == "closes the page":
            both.second.hub.exit(bob)
        elif way == "is muted":
            row = Sanction(kind=Sanction.Kind.MUTE, person_id=bob.person_id)
            both.second.hub.end_sanctioned([row])
        else:
            await both.first.join(bob.session)
        assert not await shown(both, bob)


async def test_another_page_of_the_same_process_with_an_open_door_is_shown() -> None:
    async with two_processes() as both:
        bob = await listed_openly(both)
        await both.second.join(bob.session, door=DoorState.OPEN)
        assert await shown(both, bob)


# ---- A crowd -------------------------------------------------------------------------------------


async def test_of_a_crowd_a_join_reads_the_nearest_only_and_a_settled_one_costs_no_transaction(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VOICE_CONNECTIONS = limit = 2
    async with two_processes() as both:
        handed = counted(both, monkeypatch)
        crowd = [
            await both.speaker(f"p{number:02}", (both.first, both.second)[number % 2], HERE)
            for number in range(30)
        ]
        await both.settle()
        for one in crowd:
            await one.process.hub.set_door(one, DoorState.OPEN)
        await both.settle()
        # Oneself, whom one is tied to, and the nearest whose doors stand open.
        assert max(handed) <= 1 + limit + 2 * limit
        known = await both.callers.read([one.person_id for one in crowd])
        calls = [len(one.tied_by(Tie.LIVE)) for one in known.values()]
        assert calls == [limit] * len(crowd)
        await rounds(both)
        handed.clear()
        await rounds(both)
        assert handed == []
