"""A Redis Cluster as one store: slots that move, and masters that are lost."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, asynccontextmanager, closing, suppress
from typing import TYPE_CHECKING

import pytest
from redis.asyncio.cluster import NodesManager
from redis.crc import key_slot
from redis.exceptions import RedisClusterException

from neartalk.codes import Refused
from neartalk.redis import script, unknown_when_lost
from neartalk.redis.cluster import Cluster, key_of
from neartalk.redis.shared import store_at
from neartalk.redis.topology import url_at
from presence.geo import cell_at, tile_of
from presence.registry import RedisRegistry
from presence.registry.redis_fields import LUA, people_key, person_session_key
from presence.values import Place, person_id_of
from tests.support.clusters import SLOTS, Master, ValkeyCluster, wait_until
from tests.support.servers import START_SECONDS, free_port
from tests.support.waiting import deadline, forever

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from presence.geo import Tile
    from presence.values import Session

pytestmark = pytest.mark.usefixtures("patient")

# Of three masters each has one of them.
KEYS = ["a", "b", "c"]
HOUR_MS = 3_600_000
RENEW = script(LUA / "renew.lua")


@pytest.fixture(scope="module")
def servers() -> Iterator[ValkeyCluster]:
    """For tests that move its slots and kill its masters."""
    with ExitStack() as stack:
        cluster = ValkeyCluster()
        stack.callback(cluster.close)
        yield cluster.start()


@asynccontextmanager
async def opened(servers: ValkeyCluster) -> AsyncIterator[Cluster]:
    servers.settle()
    servers.flush()
    async with asking(servers.url.split(",")) as cluster:
        yield cluster


@asynccontextmanager
async def asking(urls: Sequence[str]) -> AsyncIterator[Cluster]:
    cluster = Cluster(urls)
    try:
        yield cluster
    finally:
        await cluster.aclose()


def test_several_urls_are_a_cluster() -> None:
    assert isinstance(store_at(["redis://one", "redis://other"]), Cluster)
    assert not isinstance(store_at(["redis://one"]), Cluster)


def test_another_node_is_asked_as_the_same_user() -> None:
    assert url_at("redis://me:secret@one:1/0?a=b", "two", 2) == "redis://me:secret@two:2/0?a=b"
    assert url_at("rediss://one", "::1", 7000) == "rediss://[::1]:7000"


def test_the_key_of_a_command_is_known() -> None:
    assert key_of(("HGET", "key", "field")) == "key"
    assert key_of(("EVALSHA", "0f", 2, "key", "other", "argument")) == "key"
    assert key_of(("XREAD", "COUNT", 5, "STREAMS", "key", "0-0")) == "key"


def test_each_master_has_a_key(servers: ValkeyCluster) -> None:
    assert len({id(servers.master_of(key)) for key in KEYS}) == len(servers.masters)


async def test_each_key_is_kept_by_its_master_and_answers_keep_their_order(
    servers: ValkeyCluster,
) -> None:
    async with opened(servers) as cluster:
        now_ms, said = await cluster.ask_timed([("SET", key, f"of {key}") for key in KEYS])
        assert said == [True, True, True]
        assert now_ms <= await cluster.now_ms()
        found = await cluster.ask([("GET", key) for key in reversed(KEYS)])
        assert found == ["of c", "of b", "of a"]
        assert [await cluster.send("GET", key) for key in KEYS] == ["of a", "of b", "of c"]
        for key in KEYS:
            assert servers.master_of(key).execute("GET", key) == f"of {key}".encode()


async def test_the_time_is_that_of_the_master_of_a_key_and_without_one_the_earliest(
    servers: ValkeyCluster,
) -> None:
    async with opened(servers) as cluster:
        await cluster.topology.ensure_slots()
        for hours, key in enumerate(KEYS):
            cluster.topology.client_for(key).clock.ahead_ms = hours * HOUR_MS
        start_ms = await cluster.now_ms()
        hours_ahead = [(await cluster.now_ms(key) - start_ms) // HOUR_MS for key in KEYS]
        assert hours_ahead == [0, 1, 2]


async def test_a_slot_that_has_moved_is_followed_and_known_from_then_on(
    servers: ValkeyCluster,
) -> None:
    async with opened(servers) as cluster:
        await cluster.ask([("SET", key, key) for key in KEYS])
        for ask in (cluster.send("GET", "a"), cluster.ask([("GET", "b"), ("GET", "a")])):
            right = cluster.topology.slots.slots_cache[key_slot(b"a")]
            wrong = cluster.topology.slots.slots_cache[key_slot(b"c")]
            cluster.topology.slots.slots_cache[key_slot(b"a")] = wrong
            assert await ask in ("a", ["b", "a"])
            assert cluster.topology.slots.slots_cache[key_slot(b"a")][0].name == right[0].name


async def test_a_key_whose_slot_is_on_the_move_is_asked_of_the_new_master(
    servers: ValkeyCluster,
) -> None:
    slot, old, new = key_slot(b"a"), servers.master_of("a"), servers.master_of("b")
    async with opened(servers) as cluster:
        new.execute("CLUSTER", "SETSLOT", slot, "IMPORTING", old.name)
        old.execute("CLUSTER", "SETSLOT", slot, "MIGRATING", new.name)
        try:
            assert await cluster.send("SET", "a", "there") == "OK"
            assert await cluster.ask([("GET", "b"), ("GET", "a")]) == [None, "there"]
            assert cluster.topology.cluster.get_node_from_key("a").port == old.port
        finally:
            for master in (old, new):
                master.execute("CLUSTER", "SETSLOT", slot, "STABLE")


async def test_while_one_master_is_away_the_others_answer(servers: ValkeyCluster) -> None:
    async with opened(servers) as cluster:
        await cluster.ask([("SET", key, key) for key in KEYS])
        servers.master_of("a").kill()
        try:
            for ask in (cluster.send("GET", "a"), cluster.ask([("GET", "b"), ("GET", "a")])):
                with pytest.raises(Refused, match="store-unavailable"), unknown_when_lost():
                    await ask
            assert await cluster.ask([("GET", "b"), ("GET", "c")]) == ["b", "c"]
            assert await cluster.now_ms("b") > 0
            assert await cluster.now_ms() > 0
            with pytest.raises(Refused, match="store-unavailable"), unknown_when_lost():
                await cluster.run_ids()
        finally:
            servers.master_of("a").start()


async def test_a_master_that_began_anew_is_another_life_and_learns_the_scripts(
    servers: ValkeyCluster,
) -> None:
    async with opened(servers) as cluster:
        before = await cluster.run_ids()
        await cluster.run(RENEW, ["a"], ["process", 1000, 10_000])
        servers.master_of("a").restart()
        servers.settle()
        with suppress(Refused), unknown_when_lost():
            await cluster.send("GET", "a")  # finds out that the connection is lost
        await cluster.run(RENEW, ["a"], ["process", 1000, 10_000])
        after = await cluster.run_ids()
        assert len({*before} & {*after}) == 2


async def test_a_replica_that_took_over_is_a_master_like_the_others() -> None:
    with closing(ValkeyCluster().start()) as servers:
        master, replica = servers.master_of("a"), servers.add_replica(servers.master_of("a"))
        async with opened(servers) as cluster:
            before = await cluster.run_ids()
            assert {node.port for node in cluster.topology.cluster.get_replicas()} == {replica.port}
            assert await cluster.send("SET", "a", "kept") == "OK"
            wait_until(lambda: replica.reads("a") == "kept")
            master.kill()
            wait_until(lambda: replica.ready and replica.leads)
            with suppress(Refused), unknown_when_lost():
                await cluster.send("GET", "a")  # finds out that its master is gone
            await asyncio.gather(*cluster.topology.background.tasks)
            assert await cluster.send("GET", "a") == "kept"
            after = await cluster.run_ids()
            assert len(after) == 3
            assert [*{*after} - {*before}] == [replica.life]


async def test_people_whose_tile_alone_was_lost_are_registered_in_it_again(
    servers: ValkeyCluster,
) -> None:
    async with opened(servers) as cluster:
        registry = RedisRegistry(cluster)
        session, tile = await resident(registry, servers)
        before = await registry.status([tile])
        servers.master_of(people_key(tile)).restart()
        servers.settle()
        with suppress(Refused):
            await registry.people([tile])
        assert (await registry.status([tile])).epoch != before.epoch
        assert (await registry.people([tile]))[tile].people == {}
        (change,) = await registry.restore([session], "process")
        assert change.session == session
        assert (await registry.people([tile]))[tile].people == {
            session.person.person_id: session.person
        }
        assert await registry.restore([session], "process") == []


async def test_a_cluster_that_is_put_together_later_is_found() -> None:
    with ExitStack() as stack:
        master = Master()
        stack.callback(master.close)
        master.start()
        async with asking([master.url]) as cluster:
            with pytest.raises(Refused, match="store-unavailable"), unknown_when_lost():
                await cluster.send("GET", "a")
            master.execute("CLUSTER", "ADDSLOTSRANGE", 0, SLOTS - 1)
            await wait_for_slots(cluster)
            assert await cluster.ask([("GET", "a")]) == [None]


async def wait_for_slots(cluster: Cluster) -> None:
    async with deadline("the cluster gives out its slots", START_SECONDS):
        while True:
            with suppress(Refused), unknown_when_lost():
                await cluster.send("GET", "a")
                return
            await asyncio.sleep(0.05)


async def test_however_many_wait_the_nodes_are_asked_once_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = 0

    async def never(slots: NodesManager) -> None:
        nonlocal asked
        asked += 1
        await forever()

    monkeypatch.setattr(NodesManager, "initialize", never)
    monkeypatch.setattr("neartalk.redis.topology.TIMEOUT_S", 0.01)
    async with asking([f"redis://127.0.0.1:{free_port()}"]) as cluster:
        for _ in range(2):
            sent = (cluster.send("GET", key) for key in KEYS)
            lost = await asyncio.gather(*sent, return_exceptions=True)
            assert [type(one) for one in lost] == [RedisClusterException] * len(KEYS)
        assert asked == 1


async def resident(registry: RedisRegistry, servers: ValkeyCluster) -> tuple[Session, Tile]:
    """Somebody whose session another master keeps than their tile."""
    cell = cell_at(52.52, 13.405)
    tile = servers.master_of(people_key(tile_of(cell)))
    digest = next(
        digest
        for digest in map(str, range(100))
        if servers.master_of(person_session_key(person_id_of(digest))) is not tile
    )
    await registry.open(digest, "Alice")
    change = await registry.place(digest, Place(cell, 500), "process")
    return change.session, tile_of(cell)
