"""While processes are replaced, those of this release read what a newer one writes: what it adds is
left out, and values that it alone knows are read as the nearest known one. Nothing raises, nobody
is lost.
"""

from __future__ import annotations

import json
import logging
import secrets
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from chat.history import RedisHistory
from chat.history.stream import choices_key, stream_key
from chat.messages import Draft, Message, Reacted, UnknownEntry, message_of
from chat.reactions import ChosenReaction
from neartalk.background import Background
from neartalk.models import RateLimit, Reason, Sanction
from neartalk.records.rows import load_rules
from neartalk.records.sanction_index import SanctionIndex
from neartalk.redis import named
from neartalk.redis.shared import store_at
from presence.geo import Roughness, middle_cell, tile_of
from presence.hub.events import event_of, to_event
from presence.registry import RedisRegistry
from presence.registry.redis_fields import people_key, person_session_key
from presence.values import Person, Place, TileEvent
from tests.presence.process_pair import process_pair
from tests.support.processes import BESIDE, HERE, Process, never, person, running, settled
from voice.call_graph import EndReason
from voice.callers import Caller, RedisCallers, Tie
from voice.callers import to_fields as caller_fields
from voice.callers.redis import caller_key
from voice.signaling.hints import from_hint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from neartalk.redis import Store

pytestmark = pytest.mark.usefixtures("patient")

TILE = tile_of(HERE.cell)
# What a newer release may know, in place of a value that this one does.
NEW = "of-a-newer-release"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    store = store_at([url])
    try:
        yield store
    finally:
        await store.aclose()


# ---- Sessions and tiles --------------------------------------------------------------------------


async def make_session_newer(store: Store, person_id: str) -> None:
    """Fields that this release does not know, more in each list, and another roughness."""
    key = person_session_key(person_id)
    timing = json.loads(await store.send("HGET", key, "timing"))
    pending = [[BESIDE.cell, 500, NEW, 7], 1 << 50, 1, 1, 1 << 50, None, NEW]
    newer = [*timing[:2], pending, timing[3], [[300, 1, 2, NEW]], timing[5], NEW]
    blocks = f"{'a' * 16}:5:{NEW} "
    fields = {"timing": json.dumps(newer), "trail": json.dumps([[TILE, 5, NEW]])}
    fields |= {"roughness": NEW, "doors": NEW, "note": NEW, "blocked_by": blocks}
    await store.send("HSET", key, *(part for pair in fields.items() for part in pair))


async def test_a_session_that_a_newer_release_wrote_is_read_moved_and_renamed(
    redis_url: str,
) -> None:
    async with opened(redis_url) as store:
        registry = RedisRegistry(store)
        session = await person(registry, "Alice", HERE)
        person_id = session.person.person_id
        await make_session_newer(store, person_id)
        found = await registry.get(session.digest)
        assert found
        assert found == await registry.find(person_id)
        assert found.person.roughness is Roughness.AREA
        assert [one.tile for one in found.recent_tiles] == [TILE]
        assert found.blocked_by == {"a" * 16: 5}
        assert found.timing.pending
        assert found.timing.pending.place == Place(BESIDE.cell, 500, Roughness.AREA)
        assert (await registry.persons([person_id]))[person_id] == found.person
        await registry.rename(session.digest, "Alicia")
        placed = await registry.place(session.digest, BESIDE, "")
        assert placed.session.person.name == "Alicia"
        assert placed.session.person.place == BESIDE
        # What it does not know stays.
        assert await store.send("HGET", person_session_key(person_id), "doors") == NEW
        assert await registry.close(session.digest)


async def test_a_tile_in_which_a_newer_release_listed_somebody_is_read(redis_url: str) -> None:
    async with opened(redis_url) as store:
        registry = RedisRegistry(store)
        alice = await person(registry, "Alice", HERE)
        ids = [secrets.token_hex(8) for _ in range(2)]
        newer = [3, "Bob", BESIDE.cell, 500, "process", 0, NEW, {"door": True}, 7]
        lingers = [3, "Carol", BESIDE.cell, 500, "", 9_000, "block", NEW]
        entries = {ids[0]: newer, f"{ids[1]}~9000~{NEW}": lingers}
        fields = {key: json.dumps(entry) for key, entry in entries.items()}
        fields |= {"w": "7", "doors": json.dumps({"open": 1}), NEW: NEW}
        await store.send(
            "HSET", people_key(TILE), *(one for pair in fields.items() for one in pair)
        )
        people = (await registry.people([TILE]))[TILE].people
        assert sorted(one.name for one in people.values()) == ["Alice", "Bob", "Carol"]
        assert people[ids[0]].roughness is Roughness.AREA
        assert people[alice.person.person_id] == alice.person
        carol = next(one for one in people.values() if one.name == "Carol")
        assert carol.lingers
        assert carol.person_id == ids[1]


async def test_what_stands_beside_leases_is_no_process(redis_url: str) -> None:
    async with opened(redis_url) as store:
        registry = RedisRegistry(store)
        await registry.renew("one")
        end_ms = await store.send("ZSCORE", named("leases"), "one")
        await store.send("ZADD", named("leases"), end_ms, ":doors")
        assert (await registry.status([])).processes == {"one"}


async def test_a_code_that_only_a_newer_release_knows_keeps_nobody_out() -> None:
    async with process_pair() as pair:
        session = await person(pair.registry, "Alice", HERE)
        await pair.registry.note(session.digest, NEW)
        socket = await pair.first.join(session)
        assert socket.page.all("error") == []
        await pair.first.send_text(socket, "here")
        assert socket.page.texts == ["here"]


# ---- What was said -------------------------------------------------------------------------------


def draft(text: str) -> Draft:
    return Draft("f" * 16, "Alice", HERE, text, secrets.token_hex(8))


async def append_newer(store: Store, **fields: Any) -> None:
    pairs = [str(part) for pair in fields.items() for part in pair]
    await store.send("XADD", stream_key(TILE), "*", *pairs)


async def test_a_stream_in_which_a_newer_release_wrote_is_read_on(redis_url: str) -> None:
    async with opened(redis_url) as store:
        history = RedisHistory(store)
        await history.append(draft("one"))
        said = {"person": "e" * 16, "name": "Bob", "ref": "ref", "cell": HERE.cell, "radius_m": 500}
        await append_newer(store, **said, text="two", roughness=NEW, reply_to="1-0.ab", bold="1")
        await append_newer(store, reaction="like", of="1-0.ab", cell=HERE.cell)
        await append_newer(store, **{NEW: NEW})
        await history.append(draft("three"))
        page = (await history.page({TILE: None}, {}, 10)).entries[TILE]
        after = (await history.after({TILE: page[0].at})).entries[TILE]
        assert [*page[1:]] == [*after]
        assert [one.text for one in page if isinstance(one, Message)] == ["one", "two", "three"]
        assert [type(one) for one in page[2:4]] == [UnknownEntry] * 2
        two = page[1]
        assert isinstance(two, Message)
        assert two.place.roughness is Roughness.AREA


async def test_reactions_of_a_newer_release_are_counted_as_far_as_their_words_are_known(
    redis_url: str,
) -> None:
    async with opened(redis_url) as store:
        history = RedisHistory(store)
        sent = draft("one")
        message = message_of(sent, (await history.append(sent)).at)
        counts = {"reacted": message.id, "counts": f"hug:3 yes:1 {NEW}", "changes": 4, NEW: NEW}
        change = {"by": "e" * 16, "reaction": "hug", "person": message.person_id, "ref": ""}
        await append_newer(store, **counts, **change, cell=HERE.cell, radius_m=500)
        (newest,) = (await history.after({TILE: message.at})).entries[TILE]
        assert isinstance(newest, Reacted)
        assert (newest.counts, newest.version) == ({"yes": 1}, 4)
        newer = json.dumps(["hug", "Bob", HERE.cell, 500, NEW, NEW])
        await store.send("HSET", choices_key(TILE, message.at), "e" * 16, newer, "#", 4, "#hug", 1)
        bob = ChosenReaction("e" * 16, "Bob", HERE, "yes")
        kept = await history.react(message, bob)
        assert kept
        assert (kept[0].counts, kept[0].version) == ({"yes": 1}, 5)
        assert (await history.choices([(TILE, message.id)]))[message.id].by_person == {
            "e" * 16: bob
        }


async def test_nobody_is_sent_what_only_a_newer_release_knows_and_all_else_once(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """Live, from the poll, on arrival, and where it fills whole pages of the past."""
    settings.RATE_LIMITS_SCALE = 100_000
    monkeypatch.setattr(Background, "_round", never)
    async with opened(redis_url) as store:
        process = Process(RedisRegistry(store), RedisHistory(store))
        async with running(process):
            alice = await process.join(await person(process.hub.registry, "Alice", HERE))
            for turn in range(3):
                for _ in range(300 if turn == 1 else 2):
                    await append_newer(store, reaction="like", cell=HERE.cell)
                await process.send_text(alice, f"text {turn}")
                await append_newer(store, **{NEW: NEW})
                await process.poll()
            await settled(process)
            texts = ["text 0", "text 1", "text 2"]
            await alice.page.until(lambda: len(alice.page.texts) >= len(texts))
            assert alice.page.texts == texts
            bob = await process.join(await person(process.hub.registry, "Bob", BESIDE))
            assert bob.page.texts == texts
        other = Process(RedisRegistry(store), RedisHistory(store))
        async with running(other):
            carol = await other.join(await person(other.hub.registry, "Carol", BESIDE))
            assert carol.page.texts == texts


# ---- Hints ---------------------------------------------------------------------------------------


async def test_hints_of_a_newer_release_are_applied_as_far_as_they_are_known(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        await pair.settle()
        version = (await pair.registry.people([TILE]))[TILE].version
        bob = Person(secrets.token_hex(8), "Bob", *HERE, version=1, process="newer")
        event = {
            "type": "presence.changed",
            **to_event(TileEvent(TILE, version + 1, True, bob)),
            NEW: 1,
        }
        event["person"] |= {"roughness": NEW, "doors": [NEW]}
        unknown = {"type": "chat.said", "at": "1-0", "previous": "0-0", "fields": {NEW: NEW}}
        each = [{"type": NEW}, {"type": f"presence.{NEW}", "x": 1}, unknown, event]
        group = pair.first.hub.hints.group(TILE)
        for one in each:
            pair.wire.carry(group, {"type": "hints", "from": "newer", "each": [one], NEW: 1})
        await pair.settle()
        assert pair.first.hub.roster.person(TILE, bob.person_id)
        assert not caplog.records
        await pair.first.send_text(alice, "still here")
        assert alice.page.texts == ["still here"]


def test_an_event_with_fields_that_only_a_newer_release_knows_is_read() -> None:
    ana = Person("ana", "Ana", *Place(middle_cell(TILE), 500, Roughness.AREA), version=3)
    event = to_event(TileEvent(TILE, 7, True, ana))
    event["person"] |= {"roughness": NEW, "doors": 1}
    assert event_of({**event, NEW: 1}).person == ana


# ---- Voice ---------------------------------------------------------------------------------------


def newer_caller(caller: Caller) -> dict[str, Any]:
    fields = json.loads(json.dumps(caller_fields(caller)))
    fields["ties"] |= {"c" * 16: NEW}
    return {**fields, "place": [*fields["place"][:2], NEW, 7], "doors": [NEW], NEW: 1}


async def test_callers_of_a_newer_release_are_read_and_go_on(redis_url: str) -> None:
    async with opened(redis_url) as store:
        callers = RedisCallers(store)
        ties = {"b" * 16: Tie.LIVE}
        alice = Caller("a" * 16, "Alice", HERE, process="p", version=4, ties=ties)
        await store.send("SET", caller_key(alice.person_id), f"4:{json.dumps(newer_caller(alice))}")
        found = (await callers.read([alice.person_id]))[alice.person_id]
        assert found.ties == ties
        assert found.place.circle == HERE.circle
        assert found.place.roughness is Roughness.AREA


def test_a_change_of_calls_of_a_newer_release_is_read() -> None:
    alice = Caller("a" * 16, "Alice", HERE, process="p", version=4)
    ended = [["a" * 16, "b" * 16, NEW, 7], ["a" * 16, "c" * 16, "apart"]]
    hint = {"type": "voice.changed", "callers": [newer_caller(alice)], "ended": ended, "seen": []}
    changes = from_hint({**hint, NEW: 1})
    assert [one.name for one in changes.callers] == ["Alice"]
    assert [one.reason for one in changes.ended] == [EndReason.LEFT, EndReason.APART]


# ---- Records -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_rule_that_only_a_newer_release_knows_is_left_alone() -> None:
    RateLimit.objects.create(name=NEW, allowance=1, burst=1)
    assert NEW not in load_rules()


def test_a_sanction_of_a_kind_or_for_a_reason_of_a_newer_release_is_no_ban() -> None:
    until = timezone.now() + timedelta(hours=1)
    row = Sanction(kind="hush", person_id="a" * 16, device="d", reason=NEW, until=until)
    index = SanctionIndex([row])
    assert not index.bans
    assert not index.mutes
    assert NEW not in Reason.values


async def test_the_reason_of_a_newer_release_is_told_as_another_one() -> None:
    async with process_pair() as pair:
        sanctions = pair.first.platform.sanctions
        until = timezone.now() + timedelta(hours=1)
        refusal = sanctions.refusal(Sanction(kind="ban", person_id="a", reason=NEW, until=until))
        assert refusal.code == "banned"
        assert str(Reason.OTHER.label) in refusal.words
