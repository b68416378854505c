"""Who is in voice, kept in memory or in Redis: one contract."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from neartalk.codes import Refused
from neartalk.redis.client import connect
from neartalk.redis.shared import store_at
from presence.geo import Roughness, cell_at
from presence.values import Place
from tests.support.clocks import ManualClock
from voice.callers import Caller, Callers, DoorState, Tie, districts_in_reach
from voice.callers.contract import KEEP_MS
from voice.callers.memory import MemoryCallers
from voice.callers.redis import RedisCallers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from tests.support.servers import Valkey

    Make = Callable[[], AbstractAsyncContextManager[Callers]]

pytestmark = pytest.mark.usefixtures("patient")

HERE, THERE = Place(cell_at(52.52, 13.4), 500), Place(cell_at(48.85, 2.35), 500)


@pytest.fixture(params=["memory", "redis", "cluster"])
def make(request: pytest.FixtureRequest) -> Make:
    """A store, made inside of the test's own loop."""
    kept = request.param != "memory"
    url = request.getfixturevalue(f"{request.param}_url") if kept else ""

    @asynccontextmanager
    async def made() -> AsyncIterator[Callers]:
        if not url:
            yield MemoryCallers()
            return
        store = store_at(url.split(","))
        try:
            yield RedisCallers(store)
        finally:
            await store.aclose()

    return made


def caller(person_id: str, place: Place = HERE, **fields: Any) -> Caller:
    return Caller(person_id, person_id, place, **{"process": "p", "version": 1, **fields})


class WriteCallers(NamedTuple):
    """A decision to write these callers."""

    callers: tuple[Caller, ...] = ()


async def keep(callers: Callers, *each: Caller) -> None:
    await callers.change([one.person_id for one in each], lambda found: WriteCallers(each))


async def test_who_was_kept_is_read_as_they_were(make: Make) -> None:
    async with make() as callers:
        full = caller(
            "a",
            HERE._replace(roughness=Roughness.AREA),
            direct=True,
            instance="i",
            channel="c",
            until_ms=7,
            ties={"b": Tie.LIVE, "c": Tie.INCOMING},
            declined={"d": 9},
            knock_tat_ms=11,
            door=DoorState.OPEN,
        )
        await keep(callers, full)
        assert await callers.read(["a", "nobody"]) == {"a": full}
        assert await callers.read([]) == {}


async def test_a_step_gets_the_callers_it_names_and_all_whom_they_are_tied_to(
    make: Make,
) -> None:
    async with make() as callers:
        a = caller("a", ties={"b": Tie.LIVE})
        await keep(callers, a, caller("b", ties={"a": Tie.LIVE, "c": Tie.LIVE}), caller("c"))
        handed: list[set[str]] = []

        def note(found: Mapping[str, Caller]) -> WriteCallers:
            handed.append({*found})
            return WriteCallers()

        await callers.change(["a"], note)
        assert handed == [{"a", "b"}]


async def test_a_step_gets_those_beside_without_whom_they_are_tied_to(make: Make) -> None:
    async with make() as callers:
        a, b = caller("a"), caller("b", ties={"c": Tie.LIVE})
        await keep(callers, a, b, caller("c", ties={"b": Tie.LIVE}))
        handed: list[set[str]] = []

        def connect_both(found: Mapping[str, Caller]) -> WriteCallers:
            handed.append({*found})
            both = found["a"].tied("b", Tie.LIVE), found["b"].tied("a", Tie.LIVE)
            return WriteCallers(tuple(one.changed(version=one.version + 1) for one in both))

        await callers.change(["a"], connect_both, ["b", "nobody"])
        assert handed == [{"a", "b"}]
        assert (await callers.read(["b"]))["b"].ties == {"a": Tie.LIVE, "c": Tie.LIVE}


async def test_of_those_beside_only_who_is_changed_makes_a_step_run_again(redis_url: str) -> None:
    client = connect(redis_url)
    try:
        callers, elsewhere = RedisCallers(client), RedisCallers(client)
        await keep(callers, caller("a"), caller("b"), caller("c"))
        write = callers._write

        async def write_after(*args: Any) -> bool:
            """Somebody else changes one of those beside between the reading and the writing."""
            setattr(callers, "_write", write)  # noqa: B010
            await keep(elsewhere, caller("b", version=2))
            return await write(*args)

        async def tries_of(*changed: str) -> int:
            setattr(callers, "_write", write_after)  # noqa: B010
            turns = 0

            def step(found: Mapping[str, Caller]) -> WriteCallers:
                nonlocal turns
                turns += 1
                each = (found[id] for id in changed)
                return WriteCallers(tuple(one.changed(version=one.version + 1) for one in each))

            await callers.change(["a"], step, ["b", "c"])
            return turns

        assert await tries_of("a", "c") == 1
        await keep(callers, caller("b"))
        assert await tries_of("a", "b") == 2
        assert (await callers.read(["b"]))["b"].version == 3
    finally:
        await client.aclose()


async def test_whoever_moves_or_leaves_is_listed_where_they_are(
    make: Make,
) -> None:
    async with make() as callers:
        here, there = districts_in_reach(HERE), districts_in_reach(THERE)
        await keep(callers, caller("a"), caller("b"))
        assert {one.person_id for one in await callers.within(here)} == {"a", "b"}
        await keep(callers, caller("a", THERE))
        assert [one.person_id for one in await callers.within(here)] == ["b"]
        assert [one.person_id for one in await callers.within(there)] == ["a"]
        await keep(callers, caller("b", process=""))
        assert await callers.within(here) == []
        assert {*await callers.read(["b"])} == {"b"}


async def test_a_step_that_refuses_changes_nothing(make: Make) -> None:
    async with make() as callers:
        await keep(callers, caller("a"))

        def refuse(found: Mapping[str, Caller]) -> WriteCallers:
            raise Refused("busy")

        with pytest.raises(Refused, match="busy"):
            await callers.change(["a"], refuse)
        assert await callers.read(["a"]) == {"a": caller("a")}


async def test_of_many_who_change_one_person_at_once_no_change_is_lost(
    make: Make,
) -> None:
    async with make() as callers:
        await keep(callers, caller("a"))

        def knock(name: str, found: Mapping[str, Caller]) -> WriteCallers:
            tied = found["a"].tied(name, Tie.INCOMING)
            return WriteCallers((tied.changed(version=tied.version + 1),))

        names = [f"b{turn}" for turn in range(100)]
        await asyncio.gather(*(callers.change(["a"], partial(knock, name)) for name in names))
        assert {*(await callers.read(["a"]))["a"].ties} == {*names}


async def test_of_steps_that_come_together_each_gets_what_the_one_before_did_or_is_refused_alone(
    make: Make,
) -> None:
    async with make() as callers:
        await keep(callers, caller("a"))

        def count(turn: int, found: Mapping[str, Caller]) -> WriteCallers:
            if turn % 3 == 0:
                raise Refused("busy")
            return WriteCallers((caller("a", version=found["a"].version + 1),))

        changes = (callers.change(["a"], partial(count, turn)) for turn in range(30))
        outcomes = await asyncio.gather(*changes, return_exceptions=True)
        assert [isinstance(one, Refused) for one in outcomes] == [t % 3 == 0 for t in range(30)]
        assert (await callers.read(["a"]))["a"].version == 21


async def test_processes_that_change_the_same_people_at_once_lose_nothing(redis_url: str) -> None:
    clients = [connect(redis_url) for _ in range(3)]
    processes = [RedisCallers(client) for client in clients]
    try:
        await keep(processes[0], caller("a"), caller("b"))

        def knock(name: str, found: Mapping[str, Caller]) -> WriteCallers:
            tied = [found[id].tied(name, Tie.INCOMING) for id in ("a", "b")]
            return WriteCallers(tuple(one.changed(version=one.version + 1) for one in tied))

        names = [f"c{turn}" for turn in range(150)]
        await asyncio.gather(
            *(
                processes[turn % 3].change(["a", "b"], partial(knock, name))
                for turn, name in enumerate(names)
            )
        )
        for found in (await processes[0].read(["a", "b"])).values():
            assert ({*found.ties}, found.version) == ({*names}, 151)
    finally:
        for client in clients:
            await client.aclose()


async def test_a_store_that_is_lost_is_said_to_each_who_waits_and_the_next_one_is_served(
    own_redis: Callable[[], Valkey],
) -> None:
    redis = own_redis()
    client = connect(redis.url)
    try:
        callers = RedisCallers(client)
        await keep(callers, caller("a"))
        redis.stop()
        changes = (callers.change(["a"], lambda found: WriteCallers()) for _ in range(5))
        outcomes = await asyncio.gather(*changes, return_exceptions=True)
        assert [getattr(one, "code", one) for one in outcomes] == ["store-unavailable"] * 5
        assert len({id(one) for one in outcomes}) == 5
        redis.start()
        await keep(callers, caller("b"))
        assert {*await callers.read(["a", "b"])} == {"b"}
    finally:
        await client.aclose()


async def test_in_memory_whoever_was_in_voice_is_forgotten_though_nobody_speaks_any_more() -> None:
    clock = ManualClock()
    store = MemoryCallers(clock)
    await keep(store, caller("a"))
    clock.now_ms += KEEP_MS + 1
    await store.within([])
    assert store.callers == {}
