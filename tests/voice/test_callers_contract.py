"""Who is in voice, kept in memory or in Redis: one contract."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from neartalk.codes import Refused
from neartalk.redis import connect
from presence.geo import cell_at
from presence.people import Place
from voice.callers import Caller, Callers, Tie, districts_heard
from voice.callers_memory import MemoryCallers
from voice.callers_redis import RedisCallers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    Make = Callable[[], AbstractAsyncContextManager[Callers]]

HERE, THERE = Place(cell_at(52.52, 13.4), 500), Place(cell_at(48.85, 2.35), 500)


@pytest.fixture(params=["memory", "redis"])
def make(request: pytest.FixtureRequest) -> Make:
    """A store, made inside of the test's own loop."""
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""

    @asynccontextmanager
    async def made() -> AsyncIterator[Callers]:
        if not url:
            yield MemoryCallers()
            return
        client = connect(url)
        yield RedisCallers(client)
        await client.aclose(close_connection_pool=True)

    return made


def caller(person_id: str, place: Place = HERE, **fields: Any) -> Caller:
    return Caller(person_id, person_id, place, **{"process": "p", "version": 1, **fields})


async def keep(callers: Callers, *each: Caller) -> None:
    def act(found: dict[str, Caller]) -> None:
        found.update({one.person_id: one for one in each})

    await callers.change([one.person_id for one in each], act)


async def test_who_was_kept_is_read_as_they_were(make: Make) -> None:
    async with make() as callers:
        full = caller(
            "a",
            direct=True,
            instance="i",
            channel="c",
            until_ms=7,
            ties={"b": Tie.LIVE, "c": Tie.KNOCKS},
            declined={"d": 9},
            knock_tat_ms=11,
        )
        await keep(callers, full)
        assert await callers.read(["a", "nobody"]) == {"a": full}
        assert await callers.read([]) == {}


async def test_an_act_is_handed_whom_it_names_and_all_whom_they_are_tied_to(
    make: Make,
) -> None:
    async with make() as callers:
        a = caller("a", ties={"b": Tie.LIVE})
        await keep(callers, a, caller("b", ties={"a": Tie.LIVE, "c": Tie.LIVE}), caller("c"))
        handed: list[set[str]] = []
        await callers.change(["a"], lambda found: handed.append({*found}))
        assert handed == [{"a", "b"}]


async def test_whoever_moves_or_leaves_is_listed_where_they_are(
    make: Make,
) -> None:
    async with make() as callers:
        here, there = districts_heard(HERE), districts_heard(THERE)
        await keep(callers, caller("a"), caller("b"))
        assert {one.person_id for one in await callers.within(here)} == {"a", "b"}
        await keep(callers, caller("a", THERE))
        assert [one.person_id for one in await callers.within(here)] == ["b"]
        assert [one.person_id for one in await callers.within(there)] == ["a"]
        await keep(callers, caller("b", process=""))
        assert await callers.within(here) == []
        assert {*await callers.read(["b"])} == {"b"}


async def test_an_act_that_refuses_changes_nothing(make: Make) -> None:
    async with make() as callers:
        await keep(callers, caller("a"))

        def refuse(found: dict[str, Caller]) -> None:
            found["a"] = caller("a", direct=True)
            raise Refused("busy")

        with pytest.raises(Refused, match="busy"):
            await callers.change(["a"], refuse)
        assert await callers.read(["a"]) == {"a": caller("a")}


async def test_of_many_who_change_one_person_at_once_no_change_is_lost(
    make: Make,
) -> None:
    async with make() as callers:
        await keep(callers, caller("a"))

        def knock(name: str, found: dict[str, Caller]) -> None:
            found["a"] = found["a"].tied(name, Tie.KNOCKS)

        names = [f"b{turn}" for turn in range(8)]
        await asyncio.gather(*(callers.change(["a"], partial(knock, name)) for name in names))
        assert {*(await callers.read(["a"]))["a"].ties} == {*names}
