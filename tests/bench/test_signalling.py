"""The scripted callers of bench/signalling.py send what the page sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench import signalling
from bench.signalling import (
    CANDIDATES,
    DESCRIPTION,
    CpuMeter,
    Reads,
    callers,
    elsewhere,
    frames_of,
    traffic,
)
from bench.stacks import STACKS, running
from presence.geo import cell_at
from presence.values import Place
from tests.support.client import HERE
from tests.support.processes import turns
from tests.support.waiting import deadline
from voice.callers import district_of, districts_in_reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.stacks import Running

AROUND = 3


@pytest.fixture(params=["neartalk", "neartalk-two"])
def servers(request: pytest.FixtureRequest) -> Iterator[Running]:
    with running(STACKS[request.param]) as servers:
        yield servers


async def test_who_joins_knocks_at_all_and_both_sides_describe_themselves(
    servers: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        signalling, "STATE_DELAY_S", 60.0
    )  # nobody says meanwhile that they are muted
    async with callers(servers, elsewhere(2)) as strangers:
        for one in strangers:
            await one.join()
        async with callers(servers, [HERE] * (AROUND + 1)) as everyone:
            *around, me = everyone
            for turn, one in enumerate(around):
                await one.join(knocks=True)
                await one.live(turn)
            before = [len(one.sent) for one in around]
            await me.join(knocks=True)
            await me.live(AROUND)
            description = 1 + CANDIDATES
            assert len(me.sent) == 1 + AROUND * (1 + description)
            answered = [len(one.sent) - then for one, then in zip(around, before, strict=True)]
            assert answered == [1 + description] * AROUND
            told = traffic(me, around, strangers)
    assert (told["sent"], told["sent_kb"]) == (len(me.sent), sum(me.sent) / 1000)
    assert told["sent_kb"] > AROUND * len(DESCRIPTION) / 1000
    assert told["all"] >= told["sent"] + told["got"]


async def test_open_doors_are_connected_without_a_knock_and_how_they_stand_is_told(
    servers: Running,
) -> None:
    async with callers(servers, [HERE] * AROUND) as people:
        for turn, one in enumerate(people):
            await one.join(door="open")
            await one.live(turn)
        # Whoever is offered a call may hear of it before their list says so.
        async with deadline("all lists name who is connected"):
            while frames_of(people)["live"] < AROUND - 1:
                await turns()
        found = frames_of(people)
        assert (found["most"], found["alone"], found["ends"]) == (AROUND - 1, 0, 0)
        description = 1 + CANDIDATES
        # A join, perhaps a word of being muted, and a description to each.
        assert found["sent"] >= 1 + (AROUND - 1) * description


def test_the_clocks_and_counters_of_servers_go_on(servers: Running) -> None:
    with CpuMeter(servers) as meter:
        start = meter.read()
        found = meter.read().since(start)
    assert found.at_s > 0
    assert start.server_ms > 0
    assert (found.commands > 0) is (servers.redis is not None)


def test_what_goes_on_anyway_is_not_counted() -> None:
    rest = Reads(at_s=10, server_ms=50, redis_ms=20, commands=100)
    spent = Reads(at_s=2, server_ms=40, redis_ms=4, commands=33)
    assert spent.beyond(rest).figures() == {"server_ms": 30, "redis_ms": 0, "commands": 13}


def test_elsewhere_is_a_district_that_nobody_here_hears() -> None:
    spots = elsewhere(25)
    here = districts_in_reach(Place(cell_at(*HERE), 500))
    districts = {district_of(Place(cell_at(*spot), 500)) for spot in spots}
    assert len(spots) == 25
    assert len(districts) == 3
    assert not districts & here
