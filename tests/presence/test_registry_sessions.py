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
from presence.people import Change, Person, Session
from presence.registry import memory as registry_memory
from presence.registry import redis as registry_redis
from presence.sessions import Sessions
from tests.presence.registry_harness import (
    ALICE,
    AT_HOME,
    HALF_HOUR_MS,
    HOME_TILE,
    OUT,
    ROUNDS,
    TILES,
    MemoryStand,
    Stands,
    events_of,
    now_of,
    opened,
    session_of,
    shown,
)

pytestmark = pytest.mark.usefixtures("patient")


# ---- Sessions ----------------------------------------------------------------------------------


async def test_a_new_session_is_in_no_place_and_has_all_its_renames(stands: Stands) -> None:
    async with stands() as stand:
        alice = await opened(stand, "Alice")
        assert alice == Session(
            "digest of Alice", Person(ALICE, "Alice"), 3, opened_ms=alice.opened_ms
        )
        assert await stand.registry.get(alice.digest) == alice
        assert await shown(stand) == {}


async def test_a_digest_that_nobody_opened_is_no_session_and_makes_none(stands: Stands) -> None:
    async with stands() as stand:
        before = await stand.everything()
        assert await stand.registry.get("nobody") is None
        await stand.registry.touch(["nobody"])
        await stand.registry.note("nobody", "too-slow")
        assert await stand.registry.depart("nobody", "one") is None
        assert await stand.registry.close("nobody") is None
        with pytest.raises(Refused, match="session-unknown"):
            await stand.registry.rename("nobody", "Bob")
        with pytest.raises(Refused, match="session-unknown"):
            await stand.registry.place("nobody", AT_HOME, "one")
        assert await stand.everything() == before
        assert await shown(stand) == {}


async def test_whatever_a_person_does_gives_them_another_half_hour(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        assert 1_000 < await stand.left_ms(digest) <= HALF_HOUR_MS
        acts: list[Callable[[], Any]] = [
            lambda: stand.registry.get(digest),
            lambda: stand.registry.touch([digest]),
            lambda: stand.registry.rename(digest, "Alicia"),
            lambda: stand.registry.rename(digest, "Alicia"),
            lambda: stand.registry.place(digest, AT_HOME, "one"),
        ]
        for act in acts:
            await stand.leave_ms(digest, 60_000)
            await act()
            assert 60_000 < await stand.left_ms(digest) <= HALF_HOUR_MS


async def test_what_others_do_to_a_session_does_not_keep_it(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        await stand.registry.place(digest, AT_HOME, "one")
        await stand.leave_ms(digest, 60_000)
        await stand.registry.note(digest, "too-slow")
        await stand.registry.reap((await shown(stand))[HOME_TILE])
        assert await stand.registry.depart(digest, "one")
        assert 0 < await stand.left_ms(digest) <= 60_000


async def test_an_idle_session_ends(stands: Stands) -> None:
    async with stands() as stand:
        alice, bob = await opened(stand, "Alice"), await opened(stand, "Bob")
        await stand.leave_ms(alice.digest, 1)
        await stand.registry.touch([bob.digest])
        while not await stand.gone(alice.digest):
            await stand.pass_ms(1)
        assert await stand.registry.get(alice.digest) is None
        with pytest.raises(Refused, match="session-unknown"):
            await stand.registry.place(alice.digest, AT_HOME, "one")
        with pytest.raises(Refused, match="session-unknown"):
            await stand.registry.rename(alice.digest, "Alicia")
        assert await stand.registry.get(bob.digest) == bob


async def test_a_session_ends_by_itself_after_the_idle_time_that_is_set(
    stands: Stands, settings: Settings
) -> None:
    settings.SESSION_IDLE_SECONDS = 1
    async with stands() as stand:
        begun = await now_of(stand)
        alice = await opened(stand, "Alice")
        while not await stand.gone(alice.digest):
            await stand.pass_ms(1)
        assert await stand.registry.get(alice.digest) is None
        assert await now_of(stand) >= begun + 1000


async def test_a_memory_session_lives_to_the_last_millisecond_and_is_forgotten_unasked() -> None:
    stand = MemoryStand()
    alice = await opened(stand, "Alice")
    await stand.pass_ms(HALF_HOUR_MS - 1)
    assert await stand.registry.get(alice.digest) == alice
    await stand.pass_ms(HALF_HOUR_MS)
    assert await stand.registry.get(alice.digest) is None
    bob = await opened(stand, "Bob")
    await stand.pass_ms(HALF_HOUR_MS)
    await opened(stand, "Charlie")
    assert bob.digest not in await stand.everything()


async def test_a_note_waits_for_the_person_and_can_be_forgotten(stands: Stands) -> None:
    async with stands() as stand:
        alice = await opened(stand, "Alice")
        await stand.registry.note(alice.digest, "too-slow")
        assert (await session_of(stand, alice.digest)).note == "too-slow"
        await stand.registry.place(alice.digest, AT_HOME, "one")
        assert (await session_of(stand, alice.digest)).note == "too-slow"
        await stand.registry.note(alice.digest, "")
        assert (await session_of(stand, alice.digest)).note == ""


async def test_a_note_that_comes_as_the_person_leaves_makes_no_ghost(stands: Stands) -> None:
    async with stands() as stand:
        for number in range(ROUNDS):
            alice = await opened(stand, f"Alice {number}")
            await asyncio.gather(
                stand.registry.note(alice.digest, "too-slow"), stand.registry.close(alice.digest)
            )
            assert await stand.registry.get(alice.digest) is None
            assert await stand.gone(alice.digest)


async def test_the_key_of_a_session_is_stored_nowhere(stands: Stands) -> None:
    async with stands() as stand:
        sessions = Sessions(stand.registry, Platform.build().sanctions)
        key, alice = await sessions.open("Alice")
        assert len(base64.urlsafe_b64decode(f"{key}=")) == 32
        assert await sessions.of_key(key) == alice
        await stand.registry.renew("one")
        for place in (AT_HOME, OUT):
            await stand.registry.place(alice.digest, place, "one")
        await stand.registry.rename(alice.digest, "Alicia")
        await stand.registry.note(alice.digest, "too-slow")
        kept = await stand.everything()
        assert alice.digest in kept
        assert hashlib.sha256(key.encode()).hexdigest() == alice.digest
        assert key not in kept
        assert base64.urlsafe_b64decode(f"{key}=").hex() not in kept.lower()
        people = repr(await stand.registry.people(TILES))
        assert alice.person.person_id in people
        assert alice.digest not in people


# ---- Names -------------------------------------------------------------------------------------


async def test_a_name_changes_three_times_and_the_same_name_costs_nothing(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        for left, name in ((2, "Alicia"), (1, "Alix"), (0, "Alina")):
            session = (await stand.registry.rename(digest, name)).session
            assert (session.person.name, session.renames_left) == (name, left)
            again = await stand.registry.rename(digest, name)
            assert again == Change(session)
        with pytest.raises(Refused, match="renames-spent"):
            await stand.registry.rename(digest, "Alice")
        session = await session_of(stand, digest)
        assert (session.person.name, session.renames_left) == ("Alina", 0)
        assert (await stand.registry.rename(digest, "Alina")).session == session


async def test_renames_at_once_never_spend_more_than_there_are(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        tries = (stand.registry.rename(digest, f"Alice {number}") for number in range(10))
        answers = await asyncio.gather(*tries, return_exceptions=True)
        refused = [answer.code for answer in answers if isinstance(answer, Refused)]
        assert refused == ["renames-spent"] * 7
        assert (await session_of(stand, digest)).renames_left == 0


async def test_a_rename_shows_in_the_tile_of_the_person(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        assert events_of(await stand.registry.rename(digest, "Alicia")) == []
        placed = await stand.registry.place(digest, AT_HOME, "one")
        renamed = await stand.registry.rename(digest, "Alix")
        assert events_of(placed, renamed) == [(HOME_TILE, 1, True), (HOME_TILE, 2, True)]
        assert renamed.session.person.version > placed.session.person.version
        assert await shown(stand) == {HOME_TILE: [renamed.session.person]}
        assert renamed.events[0].person == renamed.session.person


async def test_a_rename_brings_nobody_back_who_has_left(stands: Stands) -> None:
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        await stand.registry.place(digest, AT_HOME, "one")
        await stand.registry.depart(digest, "one")
        assert events_of(await stand.registry.rename(digest, "Alicia")) == []
        assert await shown(stand) == {}


async def test_a_rename_brings_nobody_back_whose_minute_is_over(
    stands: Stands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_memory, "HTTP_ONLY_MS", 5)
    monkeypatch.setattr(registry_redis, "HTTP_ONLY_MS", 5)
    async with stands() as stand:
        digest = (await opened(stand, "Alice")).digest
        alice = (await stand.registry.place(digest, AT_HOME, "")).session.person
        await stand.pass_ms(6)
        await stand.registry.reap([alice])
        assert events_of(await stand.registry.rename(digest, "Alicia")) == []
        assert await shown(stand) == {}
