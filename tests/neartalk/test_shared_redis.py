"""Deployments that share a Redis, as a user who may do nothing dangerous and touch nothing but what
carries their name; and how people fare where that Redis takes nothing in any more."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack, closing
from typing import TYPE_CHECKING, NamedTuple

import httpx
import pytest
import redis
from django.core.cache import CacheHandler

from neartalk.environment import redis_urls
from tests.support.client import HERE, api, bearer_of, listening, north, person, session
from tests.support.prompt_server import PromptServer
from tests.support.servers import Server, Valkey, free_port
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT_S = 60
CACHE_OPTIONS = {
    "BACKEND": "django_redis.cache.RedisCache",
    "OPTIONS": {"CLIENT_CLASS": "django_redis.client.ShardClient"},
}
RULES = ("on", ">a,b@c:d/e", "~neartalk:*", "&neartalk:*", "+@all", "-@dangerous")


class Shared(NamedTuple):
    """`first` and `second` are of one deployment; `other` has another number, and the same name."""

    valkey: Valkey
    first: Server
    second: Server
    other: Server

    @property
    def client(self) -> redis.Redis:
        return redis.Redis(port=self.valkey.port, db=3, decode_responses=True)


@pytest.fixture(scope="module")
def shared() -> Iterator[Shared]:
    with ExitStack() as stack:
        valkey = Valkey()
        stack.callback(valkey.close)
        valkey.start()
        with redis.Redis(port=valkey.port) as client:
            client.execute_command("ACL", "SETUSER", "near", "reset", *RULES)

        def begin(number: int) -> Server:
            url = f"redis://near:a,b@c:d%2Fe@127.0.0.1:{valkey.port}/{number}"
            server = PromptServer("uvicorn", {"REDIS_URL": url})
            stack.callback(server.close)
            return server.start()

        yield Shared(valkey, begin(3), begin(3), begin(4))


async def test_deployments_with_different_numbers_never_read_each_other(shared: Shared) -> None:
    # What travels is no text.
    with shared.client as client, redis.Redis(port=shared.valkey.port).pubsub() as tap:
        tap.psubscribe("*")
        async with AsyncExitStack() as stack:
            alice, bob, carol = [
                await stack.enter_async_context(person(server, *north(HERE, steps), name=name))
                for server, steps, name in (
                    (shared.first, 0, "Alice"),
                    (shared.second, 1, "Bob"),
                    (shared.other, 1, "Carol"),
                )
            ]
            await bob.people("Alice")
            await alice.send_text("Only for us.")
            await bob.expect("chat.message", text="Only for us.")
            await carol.silent("chat.message")
            assert "Alice" not in str(carol.seen)
            keys = {key for number in (3, 4) for key in all_keys(shared.valkey, number)}
            listening_on = set(client.pubsub_channels("*"))
        assert len(keys) > 10
        assert [key for key in keys if not key.startswith("neartalk:")] == []
        # Two processes of one deployment, and one of the other.
        said = iter(lambda: tap.get_message(timeout=0.1), None)
        travelled = {one["channel"].decode() for one in said}
        channels = travelled | listening_on
        ours = ("neartalk:3-3:", "neartalk:4-4:")
        assert {one for one in channels if not one.startswith(ours)} <= {"*"}
        assert any(one.startswith("neartalk:3-3:__group__") for one in travelled)
        assert any(one.startswith("neartalk:4-4:__group__") for one in listening_on)


def all_keys(server: Valkey, number: int) -> list[str]:
    with redis.Redis(port=server.port, db=number, decode_responses=True) as client:
        return [*client.scan_iter()]


# django-redis warns of its own call.
@pytest.mark.filterwarnings("ignore:get on sharded client:UserWarning")
def test_the_cache_is_reached_as_the_same_user_and_carries_the_name_too(shared: Shared) -> None:
    [url] = redis_urls("REDIS_URL", shared.first.env["REDIS_URL"], cluster=True)
    options = {**CACHE_OPTIONS, "LOCATION": [url], "KEY_PREFIX": "neartalk:3-3"}
    with closing(CacheHandler({"default": options})["default"]) as cache:
        cache.set("report-tile:1", "u33dc0", 60)
        assert cache.get("report-tile:1") == "u33dc0"
        with shared.client as client:
            assert client.exists("neartalk:3-3:1:report-tile:1")


async def test_nothing_was_denied_to_a_user_who_may_do_nothing_dangerous(shared: Shared) -> None:
    with shared.client as client:
        denied = {(one["reason"], one["object"]) for one in client.acl_log()}
    # Each process asks once who this Redis is.
    assert denied <= {("command", "info"), ("command", "config|get")}
    assert "redis refuses" not in "".join(one.output() for one in shared[1:])


# Those of the other processes may stand there a moment later.
@pytest.mark.forgives("redis refuses")
async def test_where_nothing_is_taken_in_people_read_so_and_keep_what_they_typed(
    shared: Shared,
) -> None:
    server = shared.first
    async with person(server, *HERE, name="Alice") as alice, api(server) as http:
        key = (await session(http, "Bob"))["session_id"]
        with shared.client as client:
            client.execute_command("REPLICAOF", "127.0.0.1", free_port())
            try:
                await alice.send("chat.send", text="Hello?", ref="the-first-one")
                refused = await alice.expect("error", ref="the-first-one")
                assert (refused["code"], refused["retry_after"]) == ("store-refuses", 30)
                assert "Out of order." in refused["message"]
                answer = await http.post("/api/session/create", json={})
                assert (answer.status_code, answer.json()["code"]) == (503, "store-refuses")
                async with listening(server, bearer_of(key)) as socket:
                    assert (await socket.expect("error"))["code"] == "out-of-order"
                    assert await socket.closed() == 1013
                told = (await http.get("/api/health")).json()
                assert (told["ready"], told["reasons"]["redis"]) == (False, "READONLY")
            finally:
                client.execute_command("REPLICAOF", "NO", "ONE")
        await until_well(http)
        await alice.send_text("Hello again.")
    assert server.output().count("redis refuses") == 1
    assert all("redis refuses" in one for one in Server.complaints())


async def test_without_a_right_to_channels_people_talk_and_the_log_says_it_once(
    shared: Shared,
) -> None:
    with shared.client as client:
        client.execute_command("ACL", "SETUSER", "deaf", "reset", *RULES, "resetchannels")
    url = f"redis://deaf:a,b@c:d%2Fe@127.0.0.1:{shared.valkey.port}/5"
    server = PromptServer("uvicorn", {"REDIS_URL": url})
    try:
        server.start()
        async with AsyncExitStack() as stack:
            alice, bob = [
                await stack.enter_async_context(person(server, *HERE, name=name))
                for name in ("Alice", "Bob")
            ]
            await alice.send_text("Still here.")
            await bob.expect("chat.message", text="Still here.")
            told = (await alice.http.get("/api/health")).json()
            assert (told["ready"], told["reasons"]) == (True, {"layer": "NOPERM"})
        [told] = Server.complaints()
        assert "redis refuses" in told
        assert "Unexpected exception" not in server.output()
    finally:
        server.close()


async def until_well(http: httpx.AsyncClient) -> None:
    async with deadline("the server is well"):
        while (await http.get("/api/health")).status_code != httpx.codes.OK:
            pass  # an answer holds for a second
