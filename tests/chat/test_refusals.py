"""Every refusal of a message names its ref, without which the page would not give it back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from neartalk.codes import Refused
from neartalk.limits import RULES
from tests.chat.consumer_client import REF, ConsumerClient, arrived
from tests.support.processes import Halting, LoopClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_django.fixtures import Settings

LINKS = "www.a.org www.b.org www.c.org"


# ---- Everything that can refuse one -------------------------------------------------------------


async def of_no_text(sender: ConsumerClient) -> None:
    await sender.send(None)


async def empty(sender: ConsumerClient) -> None:
    await sender.send(" ")


async def too_long(sender: ConsumerClient) -> None:
    await sender.send("x" * 501)


async def of_links(sender: ConsumerClient) -> None:
    await sender.send(LINKS)


async def of_one_letter(sender: ConsumerClient) -> None:
    await sender.send("a" * 100)


async def one_too_many(sender: ConsumerClient) -> None:
    for turn in range(RULES["chat.new"].burst):
        await sender.send(f"text {turn}", f"ref-of-{turn}")
    await sender.send("one more")


async def repeated(sender: ConsumerClient) -> None:
    await sender.send("the same", "an-earlier-ref")
    await sender.send("the same")


async def copied(sender: ConsumerClient) -> None:
    sender.history.failing["append"] = Refused("copied", retry_after=60, rule="chat.copies")
    await sender.send("what everybody says")


async def lost_in_the_store(sender: ConsumerClient) -> None:
    sender.history.failing["append"] = Refused("store-unavailable", retry_after=2)
    await sender.send("text")


async def late_in_the_store(sender: ConsumerClient) -> None:
    stop, time = sender.history.stop("before", "append"), LoopClock()
    sending = asyncio.create_task(sender.send("text"))
    await stop.arrived()
    await time.pass_s(2.1)
    await sending


async def before_arrival(sender: ConsumerClient) -> None:
    sender.consumer.socket = None
    await sender.send("text")


async def of_somebody_muted(sender: ConsumerClient) -> None:
    await sender.mute()
    await sender.send("text")


async def of_somebody_muted_while_refs_are_lost(sender: ConsumerClient) -> None:
    await sender.mute()
    sender.history.failing["known"] = Refused("store-unavailable", retry_after=2)
    await sender.send("text")


async def that_mutes(sender: ConsumerClient) -> None:
    for turn in range(RULES["chat.refused"].burst):
        await sender.send(LINKS, f"ref-of-{turn}")
    await sender.send(LINKS)


async def whose_strike_is_lost(sender: ConsumerClient) -> None:
    allowances = Halting(sender.process.platform.allowances)
    allowances.failing["spend"] = Refused("store-unavailable", retry_after=2)
    object.__setattr__(sender.process.platform, "allowances", allowances)
    await sender.send(LINKS)


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        (of_no_text, "bad-frame"),
        (empty, "message-empty"),
        (too_long, "message-too-long"),
        (of_links, "too-many-links"),
        (of_one_letter, "wall-of-text"),
        (one_too_many, "too-fast"),
        (repeated, "repeated"),
        (copied, "copied"),
        (lost_in_the_store, "store-unavailable"),
        (late_in_the_store, "store-unavailable"),
        (before_arrival, "store-unavailable"),
        (of_somebody_muted, "muted"),
        (of_somebody_muted_while_refs_are_lost, "store-unavailable"),
        (that_mutes, "muted"),
        (whose_strike_is_lost, "store-unavailable"),
    ],
)
async def test_the_refusal_of_a_message_names_its_ref(
    refused: Callable[[ConsumerClient], Awaitable[None]], code: str, settings: Settings
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    async with arrived() as sender:
        await refused(sender)
        error = sender.page.all("error")[-1]
        assert (error["code"], error.get("ref")) == (code, REF)
        assert REF not in [ack["ref"] for ack in sender.page.all("chat.ack")]


@pytest.mark.parametrize("ref", ["short", "with a space in it", "x" * 65, 7, None])
async def test_what_is_no_ref_is_not_sent_back(ref: Any) -> None:
    async with arrived() as sender:
        await sender.send("text", ref)
        [error] = sender.page.all("error")
        assert (error["code"], error.get("ref")) == ("bad-frame", None)
