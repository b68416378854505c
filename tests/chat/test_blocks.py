"""Who blocked somebody is rid of them, over two real processes that share a Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.client import api, bearer_of, elsewhere, listening, north, person, running
from tests.voice.speakers import at_signal, new_instance, speaker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Serve
    from tests.support.client import ConnectedPerson, Spot
    from tests.support.servers import Server, Valkey


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running("uvicorn") as running_server:
        yield running_server


@pytest.fixture
def servers(serve: Serve, own_redis: Callable[[], Valkey]) -> tuple[Server, Server]:
    redis = own_redis()
    return serve("uvicorn", {"REDIS_URL": redis.url}), serve("uvicorn", {"REDIS_URL": redis.url})


async def block(by: ConnectedPerson, person_id: str) -> None:
    answer = await by.http.post("/api/block", json={"person_id": person_id})
    assert (answer.status_code, answer.content) == (204, b"")


async def near(one: ConnectedPerson, spot: Spot) -> tuple[list[str], int, int]:
    """Who is listed for somebody, how many are counted, and how many an update says are there."""
    listed = (await one.http.get("/api/nearby")).json()
    names = sorted(each["username"] for each in listed["people"])
    return names, listed["count"], (await one.move(*spot, 500))["in_range"]


async def test_a_block_holds_both_ways_for_lists_counts_messages_and_replay(
    servers: tuple[Server, Server],
) -> None:
    spot = elsewhere()
    first, second = servers
    async with (
        person(first, *spot, name="alice") as alice,
        person(second, *north(spot, 1), name="bob") as bob,
        person(second, *spot, name="carol", html=True) as carol,
    ):
        await alice.people("bob", "carol")
        await bob.people("alice", "carol")
        await alice.send_text("Before the block.")
        await bob.expect("chat.message", text="Before the block.")
        await block(alice, bob.person_id)
        assert await alice.expect("blocked") == {
            "type": "blocked",
            "person_ids": [bob.person_id],
        }
        await alice.people("carol")
        await bob.people("carol")
        await alice.send_text("Alice speaks.")
        await bob.send_text("Bob speaks.")
        for text in ("Before the block.", "Alice speaks.", "Bob speaks."):
            await carol.expect("chat.message", text=text)
        await carol.send_text("Carol hears both.")
        for one in (alice, bob):  # at two processes: each hears it when it comes through Redis
            await one.expect("chat.message", text="Carol hears both.")
        heard = [await alice.texts(), await bob.texts()]
        assert heard == [["Before the block.", "Alice speaks."], ["Bob speaks."]]
        assert await near(alice, spot) == (["carol"], 1, 1)
        assert await near(bob, north(spot, 1)) == (["carol"], 1, 1)
        assert await texts(alice) == ["Before the block.", "Alice speaks.", "Carol hears both."]
        # The blocked one cannot tell: what they had been told before is still there.
        assert await texts(bob) == ["Before the block.", "Bob speaks.", "Carol hears both."]
        async with bob.tab(html=True) as page:
            await page.expect("mark")
            assert await page.texts() == await texts(bob)
            await bob.send_text("And mine?")
            said = await page.expect("chat.message", text="And mine?")
            assert said["person_id"] == bob.person_id


async def texts(one: ConnectedPerson) -> list[str]:
    return [message["text"] for message in await one.messages()]


async def test_a_block_survives_a_rename_a_return_and_the_restart_of_every_server(
    servers: tuple[Server, Server],
) -> None:
    spot = elsewhere()
    first, second = servers
    async with person(first, *spot, name="alice") as alice, person(second, *spot) as bob:
        await block(alice, bob.person_id)
        await bob.rename("robert")
        keys = {"alice": alice.key, "bob": bob.key}
    for server in servers:
        server.terminate()
        server.start()
    async with (
        listening(second, bearer_of(keys["alice"])) as alice_again,
        listening(first, bearer_of(keys["bob"])) as bob_again,
    ):
        for tab in (alice_again, bob_again):
            await tab.expect("mark")
        await bob_again.send_text("Here I am again.")
        await alice_again.send_text("How quiet it is.")
        assert await alice_again.texts() == ["How quiet it is."]
        assert await bob_again.texts() == ["Here I am again."]
        for tab in (alice_again, bob_again):
            assert all(not one["people"] for one in tab.seen if one["type"] == "people")
            assert all(not one["came"] for one in tab.seen if one["type"] == "people.changed")


async def test_a_call_ends_and_no_knock_comes_through_even_after_a_return(
    servers: tuple[Server, Server],
) -> None:
    spot = elsewhere()
    first, second = servers
    async with speaker(first, spot, "alice") as alice, speaker(second, spot, "bob") as bob:
        await alice.join()
        await bob.join()
        await alice.expect_state(bob, "near")
        await alice.call(bob)
        answer = await alice.http.post("/api/block", json={"person_id": bob.person_id})
        assert answer.status_code == 204
        for one, other in ((alice, bob), (bob, alice)):
            end = await one.expect("voice.end")
            assert (end["from"], end["reason"]) == (other.person_id, "left")
            await one.expect_state(other, None)
        async with at_signal(first, bearer_of(bob.key)) as back:
            await back.send("voice.join", policy="direct", instance=new_instance())
            assert (await back.expect("voice.peers"))["peers"] == []
            await back.send("voice.knock", to=alice.person_id)
            await back.expect("error", code="out-of-reach")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "bad-frame"),
        ({"person_id": "somebody"}, 400, "bad-frame"),
        ({"person_id": ["0" * 16]}, 400, "bad-frame"),
        ({"person_id": "0" * 16 + "\n"}, 400, "bad-frame"),
        ({"person_id": 1234567812345678}, 204, ""),
    ],
)
async def test_only_a_person_s_id_can_be_blocked(
    server: Server, body: dict[str, Any], status: int, code: str
) -> None:
    async with person(server, *elsewhere()) as alice:
        answer = await alice.http.post("/api/block", json=body)
        assert answer.status_code == status
        assert (answer.json()["code"] if code else answer.text) == code


async def test_whom_one_blocked_is_listed_and_can_be_unblocked(server: Server) -> None:
    spot = elsewhere()
    async with (
        person(server, *spot, name="alice", html=True) as alice,
        person(server, *north(spot, 1), name="bob") as bob,
    ):
        await alice.people("bob")
        assert (await alice.http.get("/api/blocks")).json() == {"people": []}
        await block(alice, bob.person_id)
        await block(alice, "0" * 16)
        found = (await alice.http.get("/api/blocks")).json()
        assert found == {"people": [{"person_id": bob.person_id, "username": "bob"}]}
        rows = await alice.http.get("/api/blocks", headers={"HX-Request": "true"})
        assert f'<ul><li data-person="{bob.person_id}"><bdi>bob</bdi>' in rows.text
        body = {"person_id": bob.person_id}
        for one, status in ((bob, 404), (alice, 204), (alice, 404)):
            answer = await one.http.post("/api/unblock", json=body)
            assert answer.status_code == status, answer.text
        assert (await alice.expect("unblocked"))["ids"] == [bob.person_id]
        await alice.people("bob")
        assert (await alice.http.get("/api/blocks")).json() == {"people": []}


async def test_nobody_blocks_themselves_or_without_a_session(server: Server) -> None:
    async with person(server, *elsewhere()) as alice, api(server) as nobody:
        own = await alice.http.post("/api/block", json={"person_id": alice.person_id})
        assert (own.status_code, own.json()["code"]) == (404, "not-found")
        body = {"person_id": alice.person_id}
        answer = await nobody.post("/api/block", json=body)
        assert (answer.status_code, answer.json()["code"]) == (401, "session-unknown")


async def test_who_blocks_very_many_is_slowed_and_told_when_to_go_on(server: Server) -> None:
    async with person(server, *elsewhere()) as alice:
        answers = [
            await alice.http.post("/api/block", json={"person_id": f"{turn:016x}"})
            for turn in range(21)
        ]
        assert [answer.status_code for answer in answers] == [204] * 20 + [429]
        assert answers[-1].json()["retry_after"] > 0
