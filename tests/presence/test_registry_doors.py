"""An open door in voice, beside a person: one contract of the memory and the Redis sibling."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from neartalk.codes import Refused
from presence.door_holder import door_of
from presence.hub.events import event_of, to_event
from presence.registry.redis_fields import from_fields, snapshot_of, to_entry, to_fields
from presence.values import Person, Place, Session, TileEvent
from tests.presence.registry_harness import (
    ALICE,
    AT_HOME,
    HOME_TILE,
    OUT,
    OUT_TILE,
    MakeHarness,
    RegistryHarness,
    events_of,
    opened,
    redis_harness,
    session_of,
    shown,
)

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

pytestmark = pytest.mark.usefixtures("patient")

ONE, TWO, NEITHER = frozenset({"one"}), frozenset({"two"}), frozenset[str]()


async def placed(harness: RegistryHarness, process: str = "one") -> str:
    """Alice at home, held by a process, or by none. Returns her digest."""
    digest = (await opened(harness, "Alice")).digest
    await harness.registry.place(digest, AT_HOME, process)
    return digest


async def is_open(harness: RegistryHarness, processes: frozenset[str] = TWO) -> bool:
    """Whether Alice is listed with an open door, and her session says the same."""
    [alice] = [one for people in (await shown(harness)).values() for one in people]
    session = await harness.registry.find(ALICE)
    assert session
    assert session.person == alice
    return alice.is_open(processes)


async def test_an_open_door_is_listed_until_it_is_closed(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        await placed(harness)
        assert not await is_open(harness)
        opening = await harness.registry.set_door(ALICE, "two", is_open=True)
        assert events_of(opening) == [(HOME_TILE, 2, True)]
        assert await is_open(harness)
        closing = await harness.registry.set_door(ALICE, "two", is_open=False)
        assert events_of(closing) == [(HOME_TILE, 3, True)]
        assert not await is_open(harness)


async def test_it_is_open_only_while_the_process_lives_that_has_it(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        await placed(harness)
        await harness.registry.set_door(ALICE, "two", is_open=True)
        assert not await is_open(harness, ONE)
        assert not await is_open(harness, NEITHER)
        assert await is_open(harness, ONE | TWO)


async def test_the_same_again_tells_nobody(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        await placed(harness)
        for door in (True, False):
            await harness.registry.set_door(ALICE, "two", is_open=door)
            version = (await harness.registry.people([HOME_TILE]))[HOME_TILE].version
            again = await harness.registry.set_door(ALICE, "two", is_open=door)
            assert again is None or again.events == ()
            assert (await harness.registry.people([HOME_TILE]))[HOME_TILE].version == version


async def test_a_late_word_of_a_process_closes_no_door_that_another_has(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        await placed(harness)
        await harness.registry.set_door(ALICE, "one", is_open=True)
        await harness.registry.set_door(ALICE, "two", is_open=True)
        assert await harness.registry.set_door(ALICE, "one", is_open=False) is None
        assert await is_open(harness, TWO)
        assert not await is_open(harness, ONE)


async def test_it_stays_through_a_rename_a_move_and_another_process_that_holds_its_person(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = await placed(harness)
        await harness.registry.set_door(ALICE, "two", is_open=True)
        await harness.registry.rename(digest, "Alicia")
        assert await is_open(harness)
        await harness.registry.place(digest, AT_HOME, "three")
        assert await is_open(harness)
        assert (await session_of(harness, digest)).person.process == "three"
        await harness.registry.place(digest, OUT, "three")
        assert (await shown(harness))[OUT_TILE][0].is_open(TWO)


async def test_it_goes_with_a_departure_and_does_not_come_back_by_itself(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = await placed(harness)
        await harness.registry.set_door(ALICE, "two", is_open=True)
        await harness.registry.depart(digest, "one")
        assert await shown(harness) == {}
        await harness.registry.place(digest, AT_HOME, "one")
        assert not await is_open(harness)


async def test_whoever_lingers_where_they_were_has_no_door(
    make_harness: MakeHarness, settings: Settings
) -> None:
    settings.PLACE_CLOCK = True
    async with make_harness() as harness:
        digest = await placed(harness)
        await harness.registry.set_door(ALICE, "two", is_open=True)
        await harness.registry.place(digest, OUT, "one")
        found = await shown(harness)
        [lingers], [moved] = found[HOME_TILE], found[OUT_TILE]
        assert lingers.lingers
        assert not lingers.is_open(TWO)
        assert moved.is_open(TWO)
        await harness.registry.close(digest)
        left = [one for people in (await shown(harness)).values() for one in people]
        assert [one.is_open(TWO) for one in left] == [False, False]


async def test_whom_no_process_holds_has_no_door(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = await placed(harness, process="")
        assert await harness.registry.set_door(ALICE, "two", is_open=True) is None
        assert not await is_open(harness)
        await harness.registry.place(digest, AT_HOME, "one")
        await harness.registry.set_door(ALICE, "two", is_open=True)
        until_ms = (await harness.registry.place(digest, AT_HOME, "")).session.person.until_ms
        assert until_ms
        assert not await is_open(harness)


async def test_who_is_gone_or_was_never_here_gets_no_door(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        assert await harness.registry.set_door(ALICE, "two", is_open=True) is None
        assert await harness.registry.find(ALICE) is None
        digest = await placed(harness)
        await harness.registry.close(digest, at_once=True)
        assert await harness.registry.set_door(ALICE, "two", is_open=True) is None
        assert await harness.registry.find(ALICE) is None
        assert await shown(harness) == {}


async def test_a_store_that_was_lost_gets_no_door_back_but_by_whoever_has_it(
    make_harness: MakeHarness,
) -> None:
    """It may have been closed while the store held nothing."""
    async with make_harness() as harness:
        digest = await placed(harness)
        await harness.registry.set_door(ALICE, "two", is_open=True)
        session = await session_of(harness, digest)
        await harness.restart()
        await harness.registry.restore([session], "one")
        assert not await is_open(harness)
        await harness.registry.set_door(ALICE, "two", is_open=True)
        assert await is_open(harness)


async def test_a_door_of_which_half_was_written_is_written_whole_the_next_time(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(session: Session) -> None:
        raise Refused("store-unavailable")

    async with redis_harness(redis_url) as harness:
        await placed(harness)
        for door, version in ((True, 2), (False, 3)):
            with monkeypatch.context() as patch:
                patch.setattr(harness.registry.tiles, "publish", lost)
                with pytest.raises(Refused):
                    await harness.registry.set_door(ALICE, "two", is_open=door)
            change = await harness.registry.set_door(ALICE, "two", is_open=door)
            assert events_of(change) == [(HOME_TILE, version, True)]
            assert await is_open(harness) is door


# ---- How it is kept ------------------------------------------------------------------------------

ANA = Person("ana", "Ana", *Place("u33dc0q", 500), version=3, process="one", door=door_of("two"))


def test_a_door_travels_with_its_person_everywhere() -> None:
    event = json.loads(json.dumps(to_event(TileEvent("u33dc0", 7, True, ANA))))
    assert event_of(event).person == ANA
    assert snapshot_of({"v": "7", "ana": to_entry(ANA)}).people == {"ana": ANA}
    fields = to_fields(Session("digest", ANA, 3))
    assert from_fields({name: str(value) for name, value in fields.items()}).person == ANA


def test_the_release_before_reads_what_it_always_read_and_what_it_wrote_has_no_door() -> None:
    plain = replace(ANA, door=0)
    both = [json.loads(to_entry(one)) for one in (ANA, plain)]
    assert len({len(one) for one in both}) == 1
    assert [one[:5] for one in both] == [[3, "Ana", "u33dc0q", 500, "one"]] * 2
    events = [to_event(TileEvent("u33dc0", 7, True, one))["person"] for one in (ANA, plain)]
    assert events[0].keys() == events[1].keys() == plain_keys()
    fields = [to_fields(Session("digest", one, 3)) for one in (ANA, plain)]
    assert fields[0].keys() == fields[1].keys()
    assert snapshot_of({"ana": '[3,"Ana","u33dc0q",500,"one",0]'}).people == {"ana": plain}


def plain_keys() -> set[str]:
    """Of whom the release before tells others, where they are in a block and do not linger."""
    return {"person_id", "name", "cell", "radius_m", "version", "process", "until_ms"}


def test_of_whoever_no_process_holds_the_same_number_is_the_end_of_their_minute() -> None:
    calls = replace(ANA, process="", until_ms=1_700_000_000_000, door=0)
    assert snapshot_of({"ana": to_entry(calls)}).people == {"ana": calls}
    assert event_of(to_event(TileEvent("u33dc0", 7, True, calls))).person == calls
