"""Calls go on while what carries them fails: two server processes and their Redis."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.client import TIMEOUT_S, bearer_of, elsewhere, north, opened_at, running
from tests.support.servers import Valkey
from tests.support.waiting import deadline
from tests.voice.speakers import Speaker, at_signal, speaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Server

PUBLIC = "candidate:1 1 udp 2113937151 8.8.8.8 54321 typ host"


class VoiceServers(NamedTuple):
    redis: Valkey
    first: Server
    second: Server


@pytest.fixture
def servers() -> Iterator[VoiceServers]:
    with ExitStack() as stack:
        redis = Valkey()
        stack.callback(redis.close)
        url = redis.start().url
        yield VoiceServers(
            redis, *(stack.enter_context(running("uvicorn", REDIS_URL=url)) for _ in range(2))
        )


async def call(stack: AsyncExitStack, servers: VoiceServers) -> tuple[Speaker, Speaker]:
    """Alice at the first process and Bob at the second speak; both have the page's chat too."""
    spot = elsewhere()
    alice = await stack.enter_async_context(speaker(servers.first, spot, "Alice"))
    bob = await stack.enter_async_context(speaker(servers.second, north(spot, 2), "Bob"))
    for one in (alice, bob):
        await stack.enter_async_context(opened_at(one.server, "/ws", bearer_of(one.key)))
        await one.join()
    await alice.expect_state(bob, "near")
    await bob.expect_state(alice, "near")
    await alice.call(bob)
    return alice, bob


async def over(stack: AsyncExitStack, one: Speaker, server: Server) -> Speaker:
    """The same page, whose socket is with another process now."""
    tab = await stack.enter_async_context(at_signal(server, bearer_of(one.key)))
    created = {"session_id": one.key, "person_id": one.person_id, "username": one.name}
    return await Speaker(server, one.http, created, tab, one.instance).join()


async def passes(one: Speaker, other: Speaker) -> None:
    """A candidate arrives. It is sent again until it does, as a page would."""
    async with deadline("a candidate arrives", TIMEOUT_S):
        while not any(frame["type"] == "voice.candidate" for frame in other.aside):
            await one.send("voice.candidate", to=other.person_id, candidate=PUBLIC)
            await other.quiet()
    assert (await other.expect("voice.candidate"))["from"] == one.person_id


@pytest.mark.parametrize("loss", ["restart", "flush"])
async def test_a_redis_that_comes_back_empty_ends_no_call(servers: VoiceServers, loss: str) -> None:
    async with AsyncExitStack() as stack:
        alice, bob = await call(stack, servers)
        getattr(servers.redis, loss)()
        # Once their sessions are known again, so is all that they had agreed on.
        for one, other in ((alice, bob), (bob, alice)):
            await again(one)
            await one.expect_state(other, "live")
        await passes(alice, bob)
        await passes(bob, alice)
        for one in (alice, bob):
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
        alice, bob = await call(stack, servers)
        getattr(servers.first, end)()
        await alice.closed()
        alice = await over(stack, alice, servers.second)
        await alice.expect_state(bob, "live")
        await bob.expect_state(alice, "live")
        await passes(alice, bob)
        await passes(bob, alice)
        await bob.silent("voice.end")
