"""Knocking, answering, and what is passed on: on one process, and on two that share a Redis."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.client import elsewhere, north, running
from tests.support.servers import Valkey
from tests.voice.speakers import Speaker, at_signal, new_instance, speaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.client import Spot
    from tests.support.servers import Server


class Pair(NamedTuple):
    """Where alice and bob are served; one and the same in the embedded form."""

    first: Server
    second: Server


@pytest.fixture(scope="module", params=["one process", "two processes"])
def servers(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with ExitStack() as stack:
        if request.param == "one process":
            only = stack.enter_context(running("uvicorn", SESSION_IDLE_SECONDS="1800"))
            yield Pair(only, only)
        else:
            redis = Valkey()
            stack.callback(redis.close)
            url = redis.start().url
            first, second = (
                stack.enter_context(running("uvicorn", REDIS_URL=url)) for _ in range(2)
            )
            yield Pair(first, second)


async def met(stack: AsyncExitStack, servers: Pair, spot: Spot) -> tuple[Speaker, Speaker]:
    """Alice and Bob, 300 m apart, both in voice."""
    alice = await stack.enter_async_context(speaker(servers.first, spot, "Alice"))
    bob = await stack.enter_async_context(speaker(servers.second, north(spot, 2), "Bob"))
    await alice.join()
    await bob.join()
    await alice.expect_state(bob, "near")
    await bob.expect_state(alice, "near")
    return alice, bob


async def test_two_knock_agree_and_are_passed_each_others_offers(servers: Pair) -> None:
    async with AsyncExitStack() as stack:
        alice, bob = await met(stack, servers, elsewhere())
        await alice.send("voice.knock", to=bob.person_id)
        await alice.expect_state(bob, "knocked")
        await bob.expect_state(alice, "knocks")
        await bob.send("voice.accept", to=alice.person_id)
        mine, theirs = await alice.expect_state(bob, "live"), await bob.expect_state(alice, "live")
        assert mine["polite"] is not theirs["polite"]
        assert (mine["instance"], theirs["instance"]) == (bob.instance, alice.instance)
        assert mine["direct"] is theirs["direct"] is True
        await alice.send("voice.candidate", to=bob.person_id, candidate=PUBLIC)
        got = await bob.expect("voice.candidate")
        assert (got["from"], got["instance"]) == (alice.person_id, alice.instance)
        assert got["candidate"].endswith(" 1 udp 2113937151 8.8.8.8 54321 typ host")


PUBLIC = "candidate:1 1 udp 2113937151 8.8.8.8 54321 typ host"


async def test_a_decline_is_told_and_remembered(servers: Pair) -> None:
    async with AsyncExitStack() as stack:
        alice, bob = await met(stack, servers, elsewhere())
        await alice.send("voice.knock", to=bob.person_id)
        await bob.expect_state(alice, "knocks")
        await bob.send("voice.decline", to=alice.person_id)
        assert 0 < (await alice.expect_state(bob, "declined"))["retry_after"] <= 600
        await bob.expect_state(alice, "near")
        await alice.send("voice.knock", to=bob.person_id)
        refused = await alice.expect("error")
        assert (refused["code"], refused["ref"]) == ("declined", bob.person_id)
        await bob.silent("voice.knock")


async def test_moving_apart_ends_the_call_on_both_sides_and_says_why(servers: Pair) -> None:
    async with AsyncExitStack() as stack:
        spot = elsewhere()
        alice, bob = await met(stack, servers, spot)
        await alice.call(bob)
        await alice.move(north(spot, -20))
        for one, other in ((alice, bob), (bob, alice)):
            ended = await one.expect("voice.end")
            assert (ended["from"], ended["reason"]) == (other.person_id, "apart")
            await one.expect_state(other, None)


async def test_who_leaves_voice_or_ends_their_visit_is_gone_from_calls_and_why_is_said(
    servers: Pair,
) -> None:
    async with AsyncExitStack() as stack:
        alice, bob = await met(stack, servers, elsewhere())
        await alice.call(bob)
        await bob.send("voice.leave")
        assert (await alice.expect("voice.end"))["reason"] == "left"
        await alice.expect_state(bob, None)
        await bob.join()
        await alice.expect_state(bob, "near")
        await alice.call(bob)
        await bob.leave_session()
        assert (await alice.expect("voice.end"))["reason"] == "session"
        assert (await bob.expect("error"))["code"] == "left"
        assert await bob.closed() == 4410


async def test_whoever_comes_back_in_time_is_in_their_calls_without_knocking(
    servers: Pair,
) -> None:
    async with AsyncExitStack() as stack:
        alice, bob = await met(stack, servers, elsewhere())
        await alice.call(bob)
        await bob.socket.close()
        await alice.expect_state(bob, "away")
        headers = {"Authorization": f"Bearer {bob.key}"}
        tab = await stack.enter_async_context(at_signal(servers.first, headers))
        again = Speaker(
            servers.first,
            bob.http,
            {"session_id": bob.key, "person_id": bob.person_id, "username": "Bob"},
            tab,
            new_instance(),
        )
        await again.join()
        await again.expect_state(alice, "live")
        assert (await alice.expect_state(bob, "live"))["instance"] == again.instance
        await alice.silent("voice.end")
