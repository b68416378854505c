"""A message is kept before it is acked, and acked before anybody is shown it."""

import asyncio

import pytest
from pytest_django.fixtures import Settings

from chat.history import MemoryHistory
from neartalk.codes import Refused
from presence.registry import MemoryRegistry
from tests.chat.two_processes import Open, alice_and_bob, two_processes
from tests.support.processes import (
    HERE,
    Halting,
    LoopClock,
    person,
    settled,
)

pytestmark = pytest.mark.usefixtures("no_rounds")


async def test_the_ack_comes_before_the_own_copy_and_names_it(stores: Open) -> None:
    async with stores() as found, two_processes(found) as (first, second, _):
        alice, _bob = await alice_and_bob(first, second)
        await first.feed.sender.send(alice, "hello", "ref-00001")
        ack, copy = (
            frame for frame in alice.page.frames if frame["type"] in {"chat.ack", "chat.message"}
        )
        assert ack == {"type": "chat.ack", "ref": "ref-00001", "id": copy["id"]}


async def test_in_the_first_minute_of_a_session_one_speaks_slowly(settings: Settings) -> None:
    settings.RATE_LIMITS_SCALE = 1
    clock = {"now": 1_700_000_000_000}
    registry = MemoryRegistry(lambda: clock["now"])
    history = MemoryHistory(lambda: clock["now"])
    async with two_processes((registry, history)) as (first, _, _):
        alice = await first.join(await person(registry, "Alice", HERE))
        for text in ("one", "two", "three", "four", "five"):
            await first.send_text(alice, text)
        clock["now"] += 10_000
        await first.send_text(alice, "six")
        with pytest.raises(Refused, match="too-fast") as refused:
            await first.send_text(alice, "seven")
        assert refused.value.rule == "chat.new"
        clock["now"] += 50_000
        for text in ("seven", "nine", "ten"):
            await first.send_text(alice, text)
        with pytest.raises(Refused, match="too-fast") as refused:
            await first.send_text(alice, "eight")
        assert refused.value.rule == "chat.send"
        settings.RATE_LIMITS_OFF = ["chat.new"]
        bob = await first.join(await person(registry, "Bob", HERE))
        for text in ("one", "two", "three"):
            await first.send_text(bob, text)


async def test_the_same_ref_again_is_acked_again_and_shown_once(stores: Open) -> None:
    async with stores() as found, two_processes(found) as (first, second, wire):
        alice, bob = await alice_and_bob(first, second)
        for _turn in range(3):
            await first.feed.sender.send(alice, "hello", "ref-00001")
        await settled(first, second)
        await LoopClock().pass_s(1)
        said = [
            hint for _, sent in wire.sent for hint in sent["each"] if hint["type"] == "chat.said"
        ]
        assert len(said) == 1
        assert len({ack["id"] for ack in alice.page.all("chat.ack")}) == 1
        assert len(alice.page.all("chat.ack")) == 3
        assert alice.page.texts == bob.page.texts == ["hello"]


async def test_a_store_that_does_not_answer_in_two_seconds_is_no_ack_and_no_refusal(
    stores: Open,
) -> None:
    async with stores() as found:
        registry, history = found[0], Halting(found[1])
        async with two_processes((registry, history)) as (first, second, _):
            alice, bob = await alice_and_bob(first, second)
            time, stop = LoopClock(), history.stop("after", "append")
            unavailable = first.platform.instruments.unavailable
            before = unavailable["history",]
            sending = asyncio.create_task(first.feed.sender.send(alice, "hello", "ref-00001"))
            await stop.arrived()
            await time.pass_s(2.1)
            with pytest.raises(Refused) as unknown:
                await sending
            assert unknown.value.code == "store-unavailable"
            assert unavailable["history",] == before + 1
            assert not alice.page.all("chat.ack")
            await first.feed.sender.send(alice, "hello", "ref-00001")
            assert len(alice.page.all("chat.ack")) == 1
            for process in (first, second):
                await process.poll()
            assert alice.page.texts == bob.page.texts == ["hello"]
