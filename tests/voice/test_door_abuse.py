"""What somebody might try with doors at /signal: an error or silence, and nobody hears a byte who
did not agree."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from neartalk.limits import RULES
from tests.support.client import elsewhere, north, running
from tests.support.waiting import deadline
from tests.voice.speakers import speaker
from voice.calls import TIES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.client import Spot
    from tests.support.servers import Server
    from tests.voice.speakers import Speaker

LIMIT = 2
CANDIDATE = "candidate:1 1 udp 2113937151 8.8.8.8 54321 typ host"
RELAYED = ("voice.offer", "voice.answer", "voice.candidate", "voice.state")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running("uvicorn", VOICE_CONNECTIONS=str(LIMIT)) as server:
        yield server


async def comes(
    stack: AsyncExitStack, server: Server, spot: Spot, name: str, door: str = "open"
) -> Speaker:
    one = await stack.enter_async_context(speaker(server, spot, name))
    return await one.join(door=door)


async def refused(one: Speaker, kind: str, **fields: Any) -> str:
    await one.send(kind, **fields)
    return str((await one.expect("error"))["code"])


async def nothing_passes(one: Speaker, other: Speaker, code: str) -> None:
    """Neither reaches the other."""
    for own, far in ((one, other), (other, one)):
        for kind in ("voice.offer", "voice.answer"):
            assert await refused(own, kind, to=far.person_id, sdp="v=0") == code
        found = await refused(own, "voice.candidate", to=far.person_id, candidate=CANDIDATE)
        assert found == code
        await own.send("voice.state", muted=True)
        await far.silent(*RELAYED, **{"from": own.person_id})


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("voice.join", {"door": None}),
        ("voice.join", {"door": True}),
        ("voice.join", {"door": "OPEN"}),
        ("voice.join", {"door": ["open"]}),
        ("voice.join", {"door": "open", "policy": ["direct"]}),
        ("voice.join", {"door": "open", "instance": 12345678}),
        ("voice.door", {}),
        ("voice.door", {"open": "yes"}),
        ("voice.door", {"open": 1}),
        ("voice.door", {"open": None}),
        ("voice.door", {"open": False, "locked": "yes"}),
        ("voice.door", {"open": False, "locked": None}),
        ("voice.door", {"open": True, "locked": True}),
        ("voice.door", {"locked": True}),
    ],
)
async def test_a_door_of_the_wrong_type_is_refused_and_nothing_turns(
    server: Server, kind: str, fields: dict[str, Any]
) -> None:
    async with AsyncExitStack() as stack:
        one = await comes(stack, server, elsewhere(), "Alice", "locked")
        right = {"policy": "direct", "instance": one.instance} if kind == "voice.join" else {}
        assert await refused(one, kind, **{**right, **fields}, ref="the-ref-of-it") == "bad-frame"
        await one.send("voice.peers")
        assert (await one.peers())["door"] == "locked"


async def test_before_joining_no_door_turns(server: Server) -> None:
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(speaker(server, elsewhere(), "Alice"))
        assert await refused(one, "voice.door", open=True) == "not-joined"
        await one.join()
        assert one.latest["door"] == "ask"


async def test_a_door_that_stood_so_before_is_confirmed_all_the_same(server: Server) -> None:
    async with AsyncExitStack() as stack:
        alice = await comes(stack, server, elsewhere(), "Alice")
        for fields in ({"open": True}, {"open": False}, {"open": False, "locked": False}):
            await alice.quiet()
            alice.aside.clear()
            await alice.send("voice.door", **fields)
            assert (await alice.peers())["door"] == ("open" if fields["open"] else "ask")


async def test_two_who_say_nothing_of_doors_are_as_they_always_were(server: Server) -> None:
    async with AsyncExitStack() as stack:
        spot = elsewhere()
        alice = await (await stack.enter_async_context(speaker(server, spot, "Alice"))).join()
        bob = await (await stack.enter_async_context(speaker(server, spot, "Bob"))).join()
        assert (await alice.expect_state(bob, "near"))["door"] == "ask"
        await nothing_passes(alice, bob, "not-agreed")
        await alice.call(bob)


async def test_open_doors_connect_and_what_is_said_passes(server: Server) -> None:
    async with AsyncExitStack() as stack:
        spot = elsewhere()
        alice = await comes(stack, server, spot, "Alice")
        bob = await comes(stack, server, spot, "Bob")
        assert (await alice.expect_state(bob, "live"))["door"] == "open"
        await bob.expect_state(alice, "live")
        await alice.send("voice.candidate", to=bob.person_id, candidate=CANDIDATE)
        assert (await bob.expect("voice.candidate"))["from"] == alice.person_id


async def test_a_door_that_opens_and_closes_a_hundred_times_is_refused_and_stays(
    server: Server,
) -> None:
    async with AsyncExitStack() as stack:
        spot = elsewhere()
        alice = await comes(stack, server, spot, "Alice", "ask")
        bob = await comes(stack, server, spot, "Bob")
        await bob.expect_state(alice, "near")
        for number in range(100):
            await alice.send("voice.door", open=False, locked=number % 2 == 0)
        burst = RULES["voice.door"].burst
        errors = [frame for frame in await alice.quiet() if frame["type"] == "error"]
        assert {frame["code"] for frame in errors} == {"too-fast"}
        assert all(frame["retry_after"] >= 1 for frame in errors)
        # Each refusal left the door as it was.
        assert 100 - len(errors) >= burst
        alice.aside.clear()
        await alice.send("voice.peers")
        door = (await alice.peers())["door"]
        async with deadline("the list of the other has that door"):
            while (await bob.expect_state(alice, "near"))["door"] != door:
                await bob.peers()
        await nothing_passes(alice, bob, "not-agreed")


async def test_a_block_is_stronger_than_two_open_doors(server: Server) -> None:
    async with AsyncExitStack() as stack:
        spot = elsewhere()
        alice = await stack.enter_async_context(speaker(server, spot, "Alice"))
        bob = await stack.enter_async_context(speaker(server, spot, "Bob"))
        blocked = await alice.http.post("/api/block", json={"person_id": bob.person_id})
        assert blocked.status_code == 204
        for one in (alice, bob):
            await one.join(door="open")
            assert one.known() == []
        await alice.send("voice.peers")
        await alice.peers()
        assert alice.known() == []
        for one, other in ((alice, bob), (bob, alice)):
            assert await refused(one, "voice.knock", to=other.person_id) == "out-of-reach"
        await nothing_passes(alice, bob, "out-of-reach")


@pytest.mark.parametrize("door", ["open", "ask"])
async def test_who_claims_to_be_open_and_declines_all_is_connected_with_nobody(
    server: Server, door: str
) -> None:
    async with AsyncExitStack() as stack:
        spot = elsewhere()
        alice = await comes(stack, server, spot, "Alice")
        bob = await comes(stack, server, spot, "Bob", door)
        if door == "ask":
            await bob.send("voice.knock", to=alice.person_id)
        await alice.expect_state(bob, "live")
        await alice.send("voice.decline", to=bob.person_id)
        assert (await bob.expect("voice.end"))["reason"] == "declined"
        await bob.expect_state(alice, "declined")
        # Neither a door that opens once more nor a word of his makes a call of it.
        await bob.send("voice.door", open=False)
        await bob.send("voice.door", open=True)
        assert await refused(bob, "voice.knock", to=alice.person_id) == "declined"
        await alice.send("voice.door", open=False)
        await alice.send("voice.door", open=True)
        await nothing_passes(alice, bob, "not-agreed")
        await bob.send("voice.peers")
        await bob.expect_state(alice, "declined")


async def test_at_a_locked_door_nobody_asks_and_calls_behind_it_go_on(server: Server) -> None:
    async with AsyncExitStack() as stack:
        spot = elsewhere()
        alice = await comes(stack, server, spot, "Alice", "ask")
        bob = await comes(stack, server, spot, "Bob", "ask")
        cem = await comes(stack, server, spot, "Cem")
        await alice.expect_state(bob, "near")
        await alice.call(bob)
        await cem.send("voice.knock", to=alice.person_id)
        await alice.expect_state(cem, "knocks")
        await cem.expect_state(alice, "knocked")
        await alice.send("voice.door", open=False, locked=True)
        await cem.expect_state(alice, "near")
        for one, other in ((cem, alice), (alice, cem)):
            await one.send("voice.knock", to=other.person_id)
            told = await one.expect("error")
            assert (told["code"], told["ref"], "retry_after" in told) == (
                "locked",
                other.person_id,
                False,
            )
        await nothing_passes(alice, cem, "not-agreed")
        await alice.send("voice.candidate", to=bob.person_id, candidate=CANDIDATE)
        await bob.expect("voice.candidate")
        await alice.send("voice.door", open=True)
        await cem.expect_state(alice, "live")


async def test_one_more_than_the_limit_waits_and_comes_in_when_one_leaves(server: Server) -> None:
    async with AsyncExitStack() as stack:
        spot = elsewhere()
        room = [await comes(stack, server, spot, name) for name in ("Ana", "Bo", "Cem")]
        last = await comes(stack, server, spot, "Dan")
        for one in room:
            await last.expect_state(one, "waiting")
            await one.expect_state(last, "waiting")
            await nothing_passes(last, one, "not-agreed")
        await room[0].send("voice.leave")
        for one in room[1:]:
            await last.expect_state(one, "live")


async def test_out_of_reach_two_open_doors_are_not_there_for_each_other(server: Server) -> None:
    async with AsyncExitStack() as stack:
        spot = elsewhere()
        alice = await comes(stack, server, spot, "Alice")
        bob = await comes(stack, server, north(spot, 20), "Bob")
        assert (alice.known(), bob.known()) == ([], [])
        for one, other in ((alice, bob), (bob, alice)):
            assert await refused(one, "voice.knock", to=other.person_id) == "out-of-reach"
        await nothing_passes(alice, bob, "out-of-reach")
        await bob.move(spot)
        await bob.send("voice.peers")
        await bob.expect_state(alice, "live")


async def test_of_many_who_ask_at_one_door_the_limit_is_in_64_wait_and_the_rest_are_told(
    server: Server,
) -> None:
    async with AsyncExitStack() as stack:
        spot = elsewhere()
        alice = await comes(stack, server, spot, "Alice")
        askers = [
            await comes(stack, server, spot, f"Asker {turn}", "ask")
            for turn in range(LIMIT + TIES_MAX + 2)
        ]
        for one in askers:
            await one.send("voice.knock", to=alice.person_id)
        seen = await asyncio.gather(*(one.quiet() for one in (*askers, alice)))
        told = [frame for frames in seen for frame in frames if frame["type"] == "error"]
        assert [(one["code"], one["ref"]) for one in told] == [("busy", alice.person_id)] * 2
        alice.aside.clear()
        await alice.send("voice.peers")
        states = [one["state"] for one in (await alice.peers())["peers"]]
        assert states.count("live") == LIMIT
        assert {*states} == {"live", "waiting"}
