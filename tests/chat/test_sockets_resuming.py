"""Arriving at /ws, coming back to it, in several tabs, and leaving, on both servers."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from tests.support.client import FAR, NEAR, north, person
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from tests.support.client import ConnectedPerson, Spot
    from tests.support.servers import Server


# ---- Arriving and coming back --------------------------------------------------------------------


async def mark_after(reader: ConnectedPerson, sent_at: int) -> int:
    """A mark of a later millisecond: resuming at the same one shows the message again."""
    mark = sent_at
    async with deadline(f"a mark after {sent_at}"):
        while mark <= sent_at:
            async with reader.tab() as tab:
                mark = (await tab.expect("mark"))["mark"]
    return mark


async def test_who_arrives_is_shown_what_is_in_range_oldest_first(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, 3), 500, "bob") as bob,
        person(server, *north(spot, FAR), 500, "charlie") as charlie,
    ):
        for number in range(3):
            await alice.send_text(f"alice {number}")
            await charlie.send_text(f"charlie {number}")
            await bob.send_text(f"bob {number}")
        async with person(server, *north(spot, 1), 500, "dora") as dora:
            shown = [frame for frame in dora.seen if frame["type"] == "chat.message"]
            times = [message["sent_at"] for message in shown]
            assert times == sorted(times)
            # Two tiles may give the same millisecond; within one tile the order is that of saying.
            for name in ("alice", "bob"):
                said = [one["text"] for one in shown if one["username"] == name]
                assert said == [f"{name} {number}" for number in range(3)]
            assert len(shown) == 6
            assert {message["distance"] for message in shown} == {"earlier, near here"}
            assert {message["metres"] for message in shown} == {None}
            kinds = [frame["type"] for frame in dora.seen]
            assert kinds[0] == "welcome"
            assert kinds.index("people") < kinds.index("chat.message") < kinds.index("mark")
            listed = [{**message, "type": "chat.message"} for message in await dora.messages()]
            assert listed == shown
            await alice.send_text("And on")
            await dora.expect("chat.message", text="And on")


async def test_who_comes_back_is_shown_exactly_what_was_missed(server: Server, spot: Spot) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        seen_then_gone = await alice.send_text("Seen, then gone")
        await alice.send_text("Seen")
        seen = await bob.expect("chat.message", text="Seen")
        mark = await mark_after(bob, seen["sent_at"])
        await bob.socket.close()

        await alice.send_text("Missed")
        await alice.send("chat.remove", id=await alice.send_text("Missed, then gone"))
        await alice.send("chat.remove", id=seen_then_gone)
        await alice.expect("chat.gone", ids=[seen_then_gone])
        async with bob.tab(since=mark, epoch=bob.welcome["epoch"]) as back:
            await back.expect("mark")
            assert await back.texts() == ["Missed"]
            gone = (await back.expect("chat.gone"))["ids"]
            assert seen_then_gone in gone
            await back.silent("gap", "error")
            await alice.send_text("And on")
            await back.expect("chat.message", text="And on")
            await back.silent()


async def test_who_moved_while_away_is_shown_all_that_is_in_range_now(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, FAR), 500, "charlie") as charlie,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        await alice.send_text("Here")
        await charlie.send_text("There, before the mark")
        there = await charlie.expect("chat.message")
        mark = await mark_after(bob, there["sent_at"])
        await bob.socket.close()
        await bob.move(*north(spot, FAR), 500)
        async with bob.tab(since=mark, epoch=bob.welcome["epoch"]) as back:
            await back.expect("mark")
            assert await back.texts() == ["There, before the mark"]


@pytest.mark.parametrize(
    ("since", "epoch", "reason"),
    [
        ("nonsense", "{epoch}", "unknown-mark"),
        ("999999999999999", "{epoch}", "unknown-mark"),
        ("-1", "{epoch}", "unknown-mark"),
        ("1e3", "{epoch}", "unknown-mark"),
        ("١٢٣", "{epoch}", "unknown-mark"),
        ("9" * 400, "{epoch}", "unknown-mark"),
        ("{mark}", "", "unknown-mark"),
        ("{mark}", "another", "restarted"),
    ],
)
async def test_a_mark_that_is_none_is_said_and_the_newest_follow(
    server: Server, spot: Spot, since: str, epoch: str, reason: str
) -> None:
    async with person(server, *spot, 500, "alice") as alice:
        await alice.send_text("Still alive")
        since = since.format(mark=alice.mark)
        epoch = epoch.format(epoch=alice.welcome["epoch"])
        async with alice.tab(since=since, epoch=epoch) as back:
            assert (await back.expect("gap"))["reason"] == reason
            assert (await back.expect("welcome"))["epoch"] == alice.welcome["epoch"]
            assert (await back.expect("chat.message"))["text"] == "Still alive"


# ---- Tabs and leaving ----------------------------------------------------------------------------


async def test_two_tabs_are_one_person_and_both_hear_everything(server: Server, spot: Spot) -> None:
    async with AsyncExitStack() as stack:
        alice = await stack.enter_async_context(person(server, *spot, 500, "alice"))
        bob = await stack.enter_async_context(person(server, *north(spot, NEAR), 500, "bob"))
        tab = await stack.enter_async_context(alice.tab())
        await tab.expect("mark")
        await bob.people("alice")
        assert (await tab.expect("people"))["count"] == 1
        await tab.send_text("From the second")
        await bob.send_text("To both")
        for socket in (alice, tab):
            assert await socket.texts() == ["From the second", "To both"]
        await tab.socket.close()
        await bob.send_text("To the first")
        await alice.expect("chat.message", text="To the first")
        assert (await bob.http.get("/api/nearby")).json()["count"] == 1


async def test_leaving_closes_every_socket_and_others_see_a_departure(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
        alice.tab(html=True) as other_tab,
    ):
        await other_tab.expect("mark")
        await alice.send_text("I said it")
        await bob.people("alice")
        await alice.leave()
        assert await alice.closed() == await other_tab.closed() == 4410
        await bob.people()
        assert await bob.texts() == ["I said it"]
        assert len(await bob.messages()) == 1, "what was said lives on"
        assert (await alice.http.get("/api/nearby")).status_code == 401
