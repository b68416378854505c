"""Calls go on while what carries them fails: two server processes and their Redis."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.client import bearer_of, elsewhere, north, opened_at
from tests.support.deployments import voice_servers
from tests.support.waiting import deadline
from tests.voice.speakers import Speaker, at_signal, speaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.deployments import VoiceServers
    from tests.support.servers import Server

PUBLIC = "candidate:1 1 udp 2113937151 8.8.8.8 54321 typ host"


@pytest.fixture
def servers() -> Iterator[VoiceServers]:
    with voice_servers() as both:
        yield both


class Room(NamedTuple):
    """Alice has an open door, at the first process. By it Bob came in, who is asked himself, and
    Cem, whose door is open, both at the second one. All have the page's chat too."""

    alice: Speaker
    bob: Speaker
    cem: Speaker


async def talking(stack: AsyncExitStack, servers: VoiceServers) -> Room:
    spot = elsewhere()
    each = [(servers.first, "Alice"), (servers.second, "Bob"), (servers.second, "Cem")]
    alice, bob, cem = [
        await stack.enter_async_context(speaker(server, north(spot, turn), name))
        for turn, (server, name) in enumerate(each)
    ]
    for one, door in ((alice, "open"), (bob, "ask"), (cem, "open")):
        await stack.enter_async_context(opened_at(one.server, "/ws", bearer_of(one.key)))
        await one.join(door=door)
    await bob.expect_state(alice, "near")
    await bob.send("voice.knock", to=alice.person_id)
    room = Room(alice, bob, cem)
    await expect_live(room)
    return room


async def expect_live(room: Room) -> None:
    """Alice speaks with both, who do not with each other."""
    for other in (room.bob, room.cem):
        await room.alice.expect_state(other, "live")
        await other.expect_state(room.alice, "live")
    assert (await room.bob.expect_state(room.cem, "near"))["door"] == "open"
    assert (await room.bob.expect_state(room.alice, "live"))["door"] == "open"


async def expect_passed(room: Room) -> None:
    for other in (room.bob, room.cem):
        await passes(room.alice, other)
        await passes(other, room.alice)


async def over(stack: AsyncExitStack, one: Speaker, server: Server) -> Speaker:
    """The same page, whose socket is with another process now."""
    tab = await stack.enter_async_context(at_signal(server, bearer_of(one.key)))
    created = {"session_id": one.key, "person_id": one.person_id, "username": one.name}
    return await Speaker(server, one.http, created, tab, one.instance).join(door="open")


async def passes(one: Speaker, other: Speaker) -> None:
    """A candidate arrives. It is sent again until it does, as a page would."""
    async with deadline("a candidate arrives"):
        while not any(frame["type"] == "voice.candidate" for frame in other.aside):
            await one.send("voice.candidate", to=other.person_id, candidate=PUBLIC)
            await other.quiet()
    assert (await other.expect("voice.candidate"))["from"] == one.person_id


@pytest.mark.parametrize("loss", ["restart", "flush"])
async def test_a_redis_that_comes_back_empty_ends_no_call(servers: VoiceServers, loss: str) -> None:
    async with AsyncExitStack() as stack:
        room = await talking(stack, servers)
        getattr(servers.redis, loss)()
        # Once their sessions are known again, so is all that they had agreed on.
        for one in room:
            await again(one)
        await expect_live(room)
        await expect_passed(room)
        for one in room:
            await one.silent("voice.end")


async def again(one: Speaker) -> None:
    """Asks for the list until the store answers and knows them."""
    async with deadline("the store knows them again"):
        while True:
            await one.send("voice.peers")
            while not (found := [f for f in one.aside if f["type"] in {"voice.peers", "error"}]):
                one.aside += await one._receive()
            one.aside = [frame for frame in one.aside if frame not in found]
            if found[-1]["type"] == "voice.peers":
                one.latest = found[-1]
                return


@pytest.mark.parametrize("end", ["terminate", "kill"])
async def test_who_comes_over_from_a_process_that_ends_is_in_their_calls(
    servers: VoiceServers, end: str
) -> None:
    async with AsyncExitStack() as stack:
        room = await talking(stack, servers)
        getattr(servers.first, end)()
        await room.alice.closed()
        room = room._replace(alice=await over(stack, room.alice, servers.second))
        await expect_live(room)
        await expect_passed(room)
        for one in room[1:]:
            await one.silent("voice.end")
