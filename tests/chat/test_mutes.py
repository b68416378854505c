"""Who is refused again and again is muted: told why and for how long, and it lasts."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import psycopg
import pytest

from neartalk.limits import RULES
from tests.support.client import elsewhere, new_ref, person
from tests.support.deployments import deploy
from tests.support.waiting import deadline
from tests.voice.speakers import speaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.client import ConnectedPerson, Frame, Tab
    from tests.support.deployments import Deployment

RULE = RULES["chat.refused"]
REFUSALS = RULE.burst
LINKS = "www.a.org www.b.org www.c.org"
SPAM = "You cannot speak for now. Reason: Spam or fraud. It ends in "


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    off = "place.move,place.travel,socket.session,chat.send,chat.new"
    with deploy(RATE_LIMITS_OFF=off) as found:
        yield found


async def refused(tab: Tab, text: str = LINKS) -> Frame:
    """What a message is answered that is not kept."""
    ref = new_ref()
    await tab.send("chat.send", text=text, ref=ref)
    return await tab.expect("error", ref=ref)


async def send_until_muted(tab: Tab) -> Frame:
    """Sends what is refused until it is muted for that: once it was refused as often as may be,
    with what came back of the allowance meanwhile."""
    refusals, began_s = 0, time.monotonic()
    async with deadline("the mute"):
        while (answer := await refused(tab))["code"] == "too-many-links":
            refusals += 1
    back = int((time.monotonic() - began_s) * 1000 / RULES["chat.refused"].interval_ms)
    assert REFUSALS <= refusals <= REFUSALS + back + 1
    return answer


async def muted(tab: Tab, minutes: int) -> None:
    """Nothing passes, for not more than that and not a minute less."""
    found = await refused(tab, "Hello")
    assert found["code"] == "muted"
    assert minutes * 60 - 60 < found["retry_after"] <= minutes * 60
    assert found["message"].startswith(SPAM)


async def await_unmuted(person: ConnectedPerson) -> None:
    """Waits until the mute is over for the process."""
    ref, code = new_ref(), "muted"
    async with deadline("the end of the mute"):
        while code == "muted":
            await person.send("chat.send", text=f"Hello again {ref}", ref=ref)
            answers = [frame for frame in await person.quiet() if frame.get("ref") == ref]
            code = str(answers[0].get("code"))


async def end_now(deployment: Deployment, person: ConnectedPerson) -> None:
    """As if the time of their mute were over, once it is written."""
    end = "UPDATE neartalk_sanction SET until = now(), changed = now()"
    with psycopg.connect(deployment.postgres.url(), autocommit=True) as database:
        where = "person_id = %s AND until > now()"
        async with deadline("the row of the mute"):
            while not database.execute(f"{end} WHERE {where}", [person.person_id]).rowcount:
                await person.quiet()


async def test_whoever_sends_spam_again_and_again_is_muted_and_told_on_every_page(
    deployment: Deployment,
) -> None:
    spot = elsewhere()
    async with AsyncExitStack() as stack:
        alice = await stack.enter_async_context(person(deployment.first, *spot, 500, "alice"))
        bob = await stack.enter_async_context(person(deployment.second, *spot, 500, "bob"))
        alice.server = deployment.second
        tab = await stack.enter_async_context(alice.tab())
        await tab.expect("mark")
        found = await send_until_muted(alice)
        assert found["retry_after"] == 300
        assert found["message"].startswith(SPAM)
        assert (await tab.expect("error"))["code"] == "muted"
        await muted(tab, 5)
        # To be told again and again makes it no longer.
        for _ in range(REFUSALS + 1):
            await muted(alice, 5)
        message_id = await bob.send_text("You still hear me")
        for one in (alice, bob):
            await one.expect("chat.message", id=message_id)
        async with alice.tab() as back:
            await back.expect("mark")
            await muted(back, 5)
        await bob.silent()


async def test_what_was_kept_before_is_acked_again_to_who_is_muted(deployment: Deployment) -> None:
    async with person(deployment.first, *elsewhere(), 500, "alice") as alice:
        kept = await alice.send_text("I said this before.", ref="ref-before-it")
        await send_until_muted(alice)
        assert await alice.send_text("I said this before.", ref="ref-before-it") == kept
        await muted(alice, 5)


async def test_what_is_merely_too_much_at_once_mutes_as_well(deployment: Deployment) -> None:
    async with person(deployment.first, *elsewhere(), 500, "alice") as alice:
        for _ in range(REFUSALS):
            assert (await refused(alice, "x" * 501))["code"] == "message-too-long"
            assert (await refused(alice, ""))["code"] == "message-empty"
        await alice.send_text("Whoever errs is not muted")


async def test_a_mute_outlives_redis_and_the_next_one_lasts_longer(deployment: Deployment) -> None:
    async with person(deployment.first, *elsewhere(), 500, "alice") as alice:
        await send_until_muted(alice)
        await muted(alice, 5)
        deployment.redis.restart()
        await alice.expect("gap", reason="restarted")
        await muted(alice, 5)
        for minutes in (15, 60, 60):
            await end_now(deployment, alice)
            await await_unmuted(alice)
            async with deadline("the next mute"):
                while (await refused(alice))["code"] != "muted":
                    pass
            await muted(alice, minutes)
        deployment.manage("unban", alice.person_id)
        await await_unmuted(alice)


async def test_a_mute_by_an_operator_ends_calls_is_told_and_keeps_from_voice(
    deployment: Deployment,
) -> None:
    spot = elsewhere()
    async with AsyncExitStack() as stack:
        alice, bob = [
            await stack.enter_async_context(speaker(deployment.first, spot, name))
            for name in ("alice", "bob")
        ]
        for one in (alice, bob):
            await one.join(door="open")
        await alice.expect_state(bob, "live")
        await bob.expect_state(alice, "live")
        deployment.manage("ban", alice.person_id, "--mute", "--for", "1h", "--reason", "hate")
        told = await alice.expect("error", code="muted")
        assert "ref" not in told
        assert told["message"] == "You cannot speak for now. Reason: Hate. It ends in 60 min."
        end = await bob.expect("voice.end")
        assert (end["from"], end["reason"]) == (alice.person_id, "left")
        await bob.expect_state(alice, None)
        await alice.send("voice.knock", to=bob.person_id)
        await alice.expect("error", code="not-joined")
        # Nor is an open door one.
        await alice.send("voice.door", open=True)
        await alice.expect("error", code="not-joined")
        for door in ("ask", "open"):
            await alice.send("voice.join", policy="direct", instance=alice.instance, door=door)
            assert (await alice.expect("error"))["code"] == "muted"
        await bob.send("voice.knock", to=alice.person_id)
        await bob.expect("error", code="out-of-reach")
