"""Saying something over /ws, on both servers: acks, order, names, and taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from tests.support.client import FAR, NEAR, new_ref, north, person

if TYPE_CHECKING:
    from tests.conftest import Serve
    from tests.support.client import Spot
    from tests.support.servers import Server


# ---- Sending -------------------------------------------------------------------------------------


async def test_the_ack_comes_before_ones_own_copy_and_names_the_same_id(
    server: Server, spot: Spot
) -> None:
    async with person(server, *spot, 500, "alice") as alice:
        ref = new_ref()
        said = await alice.send_text("Anyone here?", ref)
        copy = await alice.expect("chat.message")
        assert copy["id"] == said
        order = [frame["type"] for frame in alice.seen if frame.get("id") == said]
        assert order == ["chat.ack", "chat.message"]


async def test_a_resent_message_is_acked_with_the_same_id_and_shown_once(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        ref = new_ref()
        said = await alice.send_text("Anyone here?", ref)
        async with alice.tab() as reopened:
            assert await reopened.send_text("Anyone here?", ref) == said
        assert await alice.send_text("Anyone here?", ref) == said
        assert await bob.texts() == ["Anyone here?"]
        assert len(await bob.messages()) == 1


async def test_what_comes_in_a_burst_arrives_whole_and_in_order(server: Server, spot: Spot) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
        person(server, *north(spot, NEAR), 500, "bea", html=True) as bea,
    ):
        said = [f"message {number}" for number in range(50)]
        for text in said:
            await alice.send("chat.send", text=text, ref=new_ref())
        for reader in (bob, bea):
            await reader.expect("chat.message", text=said[-1])
        assert [*await bob.texts(), said[-1]] == [*await bea.texts(), said[-1]] == said
        assert len(bob.raw) < len(bob.seen), "some of them left together"


@pytest.mark.parametrize("kind", ["uvicorn", "daphne"])
async def test_too_fast_says_when_to_try_again_and_whose_message_it_was(
    serve: Serve, spot: Spot, kind: Literal["uvicorn", "daphne"]
) -> None:
    server = serve(kind)
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        first = new_ref()
        said = await alice.send_text("one", first)
        await alice.send_text("two")
        await alice.send_text("three")
        refused = new_ref()
        await alice.send("chat.send", text="four", ref=refused)
        error = await alice.expect("error")
        assert (error["code"], error["ref"]) == ("too-fast", refused)
        assert 1 <= error["retry_after"] <= 6
        assert str(error["retry_after"]) in error["message"]
        assert await alice.send_text("one", first) == said, "a known ref is never too fast"
        assert await bob.texts() == ["one", "two", "three"]
        assert await bob.send_text("My own allowance is whole")


async def test_a_message_keeps_the_name_it_was_sent_under(server: Server, spot: Spot) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        await alice.send_text("Before")
        await alice.rename("alma")
        assert (await alice.expect("welcome"))["username"] == "alma"
        await alice.send_text("After")
        for reader in (bob, alice):
            assert (await reader.expect("chat.message", text="Before"))["username"] == "alice"
            assert (await reader.expect("chat.message", text="After"))["username"] == "alma"
        await bob.people("alma")
        async with person(server, *spot, 500, "charlie") as charlie:
            names = {message["text"]: message["username"] for message in await charlie.messages()}
            assert names == {"Before": "alice", "After": "alma"}


# ---- Taking back ---------------------------------------------------------------------------------


async def test_a_message_taken_back_is_gone_everywhere(server: Server, spot: Spot) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
        person(server, *north(spot, FAR), 500, "charlie") as charlie,
        alice.tab() as other_tab,
    ):
        await other_tab.expect("mark")
        kept, taken = await alice.send_text("Stays"), await alice.send_text("Goes")
        await alice.send("chat.remove", id=taken)
        for reader in (alice, other_tab, bob):
            await reader.expect("chat.message", id=taken)
            assert (await reader.expect("chat.gone"))["ids"] == [taken]
        assert [message["id"] for message in await bob.messages()] == [kept]
        async with bob.tab() as newcomer:
            await newcomer.expect("mark")
            assert await newcomer.texts() == ["Stays"]
        await charlie.silent()


async def test_only_ones_own_message_can_be_taken_back_and_the_second_time_is_a_yes_too(
    server: Server, spot: Spot
) -> None:
    async with (
        person(server, *spot, 500, "alice") as alice,
        person(server, *north(spot, NEAR), 500, "bob") as bob,
    ):
        said = await alice.send_text("Mine")
        await bob.send("chat.remove", id=said)
        assert (await bob.expect("error"))["code"] == "not-found"
        await alice.silent("chat.gone")
        for _ in range(2):
            ref = new_ref()
            await alice.send("chat.remove", id=said, ref=ref)
            assert (await alice.expect("chat.ack", ref=ref))["id"] == said
            await alice.expect("chat.gone", ids=[said])
        await alice.send("chat.remove", id=said)
        await alice.expect("chat.gone", ids=[said])
        await alice.silent("error", "chat.ack", "chat.gone")
        await bob.expect("chat.gone", ids=[said])
        await bob.send("chat.remove", id=said)
        assert (await bob.expect("error"))["code"] == "not-found"
        await bob.silent("chat.gone")
