"""Sessions and names: one contract, kept by the memory and by the Redis sibling alike."""

import asyncio
import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from neartalk.codes import Refused
from neartalk.parts import Platform
from presence.registry import MemoryRegistry
from presence.sessions import Sessions
from presence.values import Change, Person, Session
from tests.noninterference.observations import dump
from tests.presence.registry_harness import (
    ALICE,
    AT_HOME,
    HALF_HOUR_MS,
    HOME_TILE,
    OUT,
    ROUNDS,
    TILES,
    MakeHarness,
    MemoryRegistryHarness,
    events_of,
    now_of,
    opened,
    session_of,
    shown,
)
from tests.support.clocks import ManualClock
from tests.support.waiting import deadline

pytestmark = pytest.mark.usefixtures("patient")


# ---- Sessions ----------------------------------------------------------------------------------


async def test_a_new_session_is_in_no_place_and_has_all_its_renames(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        alice = await opened(harness, "Alice")
        assert alice == Session(
            "digest of Alice", Person(ALICE, "Alice"), 3, opened_ms=alice.opened_ms
        )
        assert await harness.registry.get(alice.digest) == alice
        assert await shown(harness) == {}


async def test_a_digest_that_nobody_opened_is_no_session_and_makes_none(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        before = await harness.everything()
        assert await harness.registry.get("nobody") is None
        await harness.registry.touch(["nobody"])
        await harness.registry.note("nobody", "too-slow")
        assert await harness.registry.depart("nobody", "one") is None
        assert await harness.registry.close("nobody") is None
        with pytest.raises(Refused, match="session-unknown"):
            await harness.registry.rename("nobody", "Bob")
        with pytest.raises(Refused, match="session-unknown"):
            await harness.registry.place("nobody", AT_HOME, "one")
        assert await harness.everything() == before
        assert await shown(harness) == {}


async def test_whatever_a_person_does_gives_them_another_half_hour(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        assert 1_000 < await harness.left_ms(digest) <= HALF_HOUR_MS
        acts: list[Callable[[], Any]] = [
            lambda: harness.registry.get(digest),
            lambda: harness.registry.touch([digest]),
            lambda: harness.registry.rename(digest, "Alicia"),
            lambda: harness.registry.rename(digest, "Alicia"),
            lambda: harness.registry.place(digest, AT_HOME, "one"),
        ]
        for act in acts:
            await harness.leave_ms(digest, 60_000)
            await act()
            assert 60_000 < await harness.left_ms(digest) <= HALF_HOUR_MS


async def test_what_others_do_to_a_session_does_not_keep_it(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        await harness.registry.place(digest, AT_HOME, "one")
        await harness.leave_ms(digest, 60_000)
        await harness.registry.note(digest, "too-slow")
        await harness.registry.reap((await shown(harness))[HOME_TILE])
        assert await harness.registry.depart(digest, "one")
        assert 0 < await harness.left_ms(digest) <= 60_000


async def test_in_memory_an_ended_session_goes_with_its_place_though_nobody_comes(
    settings: Settings,
) -> None:
    settings.PLACE_CLOCK = True
    clock, digest = ManualClock(), "d" * 64
    registry = MemoryRegistry(clock)
    await registry.open(digest, "Alice")
    person = (await registry.place(digest, AT_HOME, "")).session.person
    await registry.close(digest)
    assert registry.tiles.lingering, "they just came"
    await registry.open(digest, "Alice again")
    await registry.place(digest, AT_HOME, "")
    clock.now_ms += HALF_HOUR_MS + 1
    await registry.status([])
    kept = "\n".join(dump(registry))
    assert [one for one in (digest, person.person_id, person.cell) if one in kept] == []


async def test_an_idle_session_ends(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        alice, bob = await opened(harness, "Alice"), await opened(harness, "Bob")
        await harness.leave_ms(alice.digest, 1)
        await harness.registry.touch([bob.digest])
        async with deadline("the end of the session"):
            while not await harness.gone(alice.digest):
                await harness.pass_ms(1)
        assert await harness.registry.get(alice.digest) is None
        with pytest.raises(Refused, match="session-unknown"):
            await harness.registry.place(alice.digest, AT_HOME, "one")
        with pytest.raises(Refused, match="session-unknown"):
            await harness.registry.rename(alice.digest, "Alicia")
        assert await harness.registry.get(bob.digest) == bob


async def test_a_session_ends_by_itself_after_the_idle_time_that_is_set(
    make_harness: MakeHarness, settings: Settings
) -> None:
    settings.SESSION_IDLE_SECONDS = 1
    async with make_harness() as harness:
        begun = await now_of(harness)
        alice = await opened(harness, "Alice")
        async with deadline("the end of the session"):
            while not await harness.gone(alice.digest):
                await harness.pass_ms(1)
        assert await harness.registry.get(alice.digest) is None
        assert await now_of(harness) >= begun + 1000


async def test_a_memory_session_lives_to_the_last_millisecond_and_is_forgotten_unasked() -> None:
    harness = MemoryRegistryHarness()
    alice = await opened(harness, "Alice")
    await harness.pass_ms(HALF_HOUR_MS - 1)
    assert await harness.registry.get(alice.digest) == alice
    await harness.pass_ms(HALF_HOUR_MS)
    assert await harness.registry.get(alice.digest) is None
    bob = await opened(harness, "Bob")
    await harness.pass_ms(HALF_HOUR_MS)
    await opened(harness, "Charlie")
    assert bob.digest not in await harness.everything()


async def test_a_note_waits_for_the_person_and_can_be_forgotten(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        alice = await opened(harness, "Alice")
        await harness.registry.note(alice.digest, "too-slow")
        assert (await session_of(harness, alice.digest)).note == "too-slow"
        await harness.registry.place(alice.digest, AT_HOME, "one")
        assert (await session_of(harness, alice.digest)).note == "too-slow"
        await harness.registry.note(alice.digest, "")
        assert (await session_of(harness, alice.digest)).note == ""


async def test_a_note_that_comes_as_the_person_leaves_makes_no_ghost(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        for number in range(ROUNDS):
            alice = await opened(harness, f"Alice {number}")
            await asyncio.gather(
                harness.registry.note(alice.digest, "too-slow"),
                harness.registry.close(alice.digest),
            )
            assert await harness.registry.get(alice.digest) is None
            assert await harness.gone(alice.digest)


async def test_the_key_of_a_session_is_stored_nowhere(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        sessions = Sessions(harness.registry, Platform.build().sanctions)
        key, alice = await sessions.open("Alice")
        assert len(base64.urlsafe_b64decode(f"{key}=")) == 32
        assert await sessions.of_key(key) == alice
        await harness.registry.renew("one")
        for place in (AT_HOME, OUT):
            await harness.registry.place(alice.digest, place, "one")
        await harness.registry.rename(alice.digest, "Alicia")
        await harness.registry.note(alice.digest, "too-slow")
        kept = await harness.everything()
        assert alice.digest in kept
        assert hashlib.sha256(key.encode()).hexdigest() == alice.digest
        assert key not in kept
        assert base64.urlsafe_b64decode(f"{key}=").hex() not in kept.lower()
        people = repr(await harness.registry.people(TILES))
        assert alice.person.person_id in people
        assert alice.digest not in people


# ---- Names -------------------------------------------------------------------------------------


async def test_a_name_changes_three_times_and_the_same_name_costs_nothing(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        for left, name in ((2, "Alicia"), (1, "Alix"), (0, "Alina")):
            session = (await harness.registry.rename(digest, name)).session
            assert (session.person.name, session.renames_left) == (name, left)
            again = await harness.registry.rename(digest, name)
            assert again == Change(session)
        with pytest.raises(Refused, match="renames-spent"):
            await harness.registry.rename(digest, "Alice")
        session = await session_of(harness, digest)
        assert (session.person.name, session.renames_left) == ("Alina", 0)
        assert (await harness.registry.rename(digest, "Alina")).session == session


async def test_renames_at_once_never_spend_more_than_there_are(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        tries = (harness.registry.rename(digest, f"Alice {number}") for number in range(10))
        answers = await asyncio.gather(*tries, return_exceptions=True)
        refused = [answer.code for answer in answers if isinstance(answer, Refused)]
        assert refused == ["renames-spent"] * 7
        assert (await session_of(harness, digest)).renames_left == 0


async def test_a_rename_shows_in_the_tile_of_the_person(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        assert events_of(await harness.registry.rename(digest, "Alicia")) == []
        placed = await harness.registry.place(digest, AT_HOME, "one")
        renamed = await harness.registry.rename(digest, "Alix")
        assert events_of(placed, renamed) == [(HOME_TILE, 1, True), (HOME_TILE, 2, True)]
        assert renamed.session.person.version > placed.session.person.version
        assert await shown(harness) == {HOME_TILE: [renamed.session.person]}
        assert renamed.events[0].person == renamed.session.person


async def test_a_rename_brings_nobody_back_who_has_left(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        await harness.registry.place(digest, AT_HOME, "one")
        await harness.registry.depart(digest, "one")
        assert events_of(await harness.registry.rename(digest, "Alicia")) == []
        assert await shown(harness) == {}


async def test_a_rename_brings_nobody_back_whose_minute_is_over(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("presence.values.HTTP_ONLY_MS", 5)
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        alice = (await harness.registry.place(digest, AT_HOME, "")).session.person
        await harness.pass_ms(6)
        await harness.registry.reap([alice])
        assert events_of(await harness.registry.rename(digest, "Alicia")) == []
        assert await shown(harness) == {}
