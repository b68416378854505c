"""Whoever is reachable by push is away once no process holds them: one contract of the memory and
the Redis sibling."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from neartalk.codes import Refused
from neartalk.push import PushSubscription
from presence.hub.events import event_of, to_event
from presence.registry.redis_fields import TILE_KEEP_MS, people_key, snapshot_of, to_entry
from presence.values import Person, Place, TileEvent
from tests.presence.registry_harness import (
    ALICE,
    AT_HOME,
    HALF_HOUR_MS,
    HOME_TILE,
    OUT,
    OUT_TILE,
    MakeHarness,
    RegistryHarness,
    events_of,
    opened,
    redis_harness,
    shown,
)

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

pytestmark = pytest.mark.usefixtures("patient")

PUSH = PushSubscription("https://fcm.googleapis.com/fcm/send/abc", "B" * 87, "A" * 22)
OTHER = PUSH._replace(endpoint="https://updates.push.services.mozilla.com/wpush/v2/x")
NOBODY = frozenset[str]()
ONE = frozenset({"one"})


async def here(harness: RegistryHarness, *, reachable: bool = True) -> str:
    """Alice at home, held by a process. Returns her digest."""
    digest = (await opened(harness, "Alice")).digest
    await harness.registry.place(digest, AT_HOME, "one")
    if reachable:
        await harness.registry.set_push(digest, PUSH)
    return digest


async def listed(harness: RegistryHarness) -> list[Person]:
    found = [one for people in (await shown(harness)).values() for one in people]
    if found:
        session = await harness.registry.find(ALICE)
        assert session
        assert [session.person] == found
    return found


async def now_ms(harness: RegistryHarness) -> int:
    return (await harness.registry.status([])).now_ms


async def test_whoever_is_reachable_stays_listed_away_until_their_session_ends(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = await here(harness)
        [alice] = await listed(harness)
        assert not alice.is_away
        await harness.leave_ms(digest, HALF_HOUR_MS // 2)
        departure = await harness.registry.depart(digest, "one")
        assert [(tile, is_here) for tile, _, is_here in events_of(departure)] == [(HOME_TILE, True)]
        [alice] = await listed(harness)
        assert alice.is_away
        assert alice.alive(NOBODY, await now_ms(harness) + HALF_HOUR_MS - 60_000)
        assert not alice.alive(ONE, await now_ms(harness) + HALF_HOUR_MS + 1)
        # Their 30 idle minutes begin with their absence.
        assert await harness.left_ms(digest) > HALF_HOUR_MS - 60_000


async def test_whoever_is_not_is_gone(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = await here(harness, reachable=False)
        await harness.registry.depart(digest, "one")
        assert await listed(harness) == []


async def test_whoever_comes_back_is_away_no_more_and_may_be_elsewhere(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = await here(harness)
        await harness.registry.depart(digest, "one")
        back = await harness.registry.place(digest, None, "two")
        assert not back.session.person.is_away
        await harness.registry.depart(digest, "two")
        moved = await harness.registry.place(digest, OUT, "")
        assert [(tile, is_here) for tile, _, is_here in events_of(moved)] == [
            (OUT_TILE, True),
            (HOME_TILE, False),
        ]
        [alice] = await listed(harness)
        assert alice.is_away
        assert alice.alive(NOBODY, await now_ms(harness) + HALF_HOUR_MS - 60_000)


async def test_an_endpoint_that_is_gone_takes_whoever_is_away_out_of_lists(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = await here(harness)
        assert await harness.registry.push_of(ALICE) == PUSH
        # Of another one, which was replaced meanwhile, nothing is forgotten.
        assert await harness.registry.set_push(digest, OTHER) is None
        assert await harness.registry.set_push(digest, None, endpoint=PUSH.endpoint) is None
        assert await harness.registry.push_of(ALICE) == OTHER
        await harness.registry.depart(digest, "one")
        left = await harness.registry.set_push(digest, None, endpoint=OTHER.endpoint)
        assert [(tile, is_here) for tile, _, is_here in events_of(left)] == [(HOME_TILE, False)]
        assert await listed(harness) == []
        assert await harness.registry.push_of(ALICE) is None
        assert await harness.registry.set_push(digest, None) is None


async def test_whoever_looked_a_moment_ago_lingers_where_they_turn_pushes_off(
    make_harness: MakeHarness, settings: Settings
) -> None:
    settings.PLACE_CLOCK = True
    async with make_harness() as harness:
        digest = (await opened(harness, "Alice")).digest
        await harness.registry.set_push(digest, PUSH)
        # As a call over HTTP does, which answers with who is near.
        await harness.registry.place(digest, AT_HOME, "")
        left = await harness.registry.set_push(digest, None)
        assert [(tile, is_here) for tile, _, is_here in events_of(left)] == [
            (HOME_TILE, True),
            (HOME_TILE, False),
        ]
        [alice] = (await shown(harness))[HOME_TILE]
        assert alice.lingers
        assert not alice.is_away
        since_ms = await now_ms(harness)
        assert alice.alive(NOBODY, since_ms + 30_000)
        assert not alice.alive(NOBODY, since_ms + 60_000)
        # Whoever has been away for long is gone at once.
        await harness.registry.set_push(digest, PUSH)
        await harness.registry.place(digest, None, "")
        harness.skip_ms(120_000)
        left = await harness.registry.set_push(digest, None)
        assert [(tile, is_here) for tile, _, is_here in events_of(left)] == [(HOME_TILE, False)]


async def test_whoever_turns_pushes_off_while_they_are_here_stays_and_leaves_as_anybody(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = await here(harness)
        await harness.registry.set_push(digest, None)
        assert len(await listed(harness)) == 1
        await harness.registry.depart(digest, "one")
        assert await listed(harness) == []


async def test_a_subscription_dies_with_its_session(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        digest = await here(harness)
        await harness.registry.depart(digest, "one")
        await harness.registry.close(digest, at_once=True)
        assert await listed(harness) == []
        assert await harness.registry.push_of(ALICE) is None
        stored = await harness.everything()
        assert PUSH.endpoint not in stored
        assert PUSH.p256dh not in stored
        with pytest.raises(Refused, match="session-unknown"):
            await harness.registry.set_push(digest, PUSH)
        assert await harness.registry.set_push(digest, None) is None


async def test_a_store_that_lost_a_session_knows_no_subscription_until_it_is_told_again(
    make_harness: MakeHarness,
) -> None:
    async with make_harness() as harness:
        digest = await here(harness)
        session = await harness.registry.find(ALICE)
        assert session
        await harness.restart()
        await harness.registry.restore([session], "one")
        assert await harness.registry.push_of(ALICE) is None
        await harness.registry.depart(digest, "one")
        assert await listed(harness) == []


async def test_in_redis_a_tile_is_kept_for_as_long_as_somebody_is_away_there(
    settings: Settings, redis_url: str
) -> None:
    settings.VAPID_PRIVATE_KEY = "A" * 43
    async with redis_harness(redis_url) as harness:
        digest = await here(harness)
        await harness.registry.depart(digest, "one")
        assert await harness.client.pttl(people_key(HOME_TILE)) > HALF_HOUR_MS - 60_000
        assert TILE_KEEP_MS < HALF_HOUR_MS


def test_entries_and_events_say_who_is_reachable_and_are_as_before_of_others() -> None:
    plain = Person(ALICE, "Alice", *AT_HOME, version=3, process="one")
    for person in (plain, plain.changed(reachable=True), plain.changed(reachable=True, process="")):
        entries = {"v": "3", ALICE: to_entry(person)}
        assert snapshot_of(entries).people[ALICE] == person
        event = TileEvent(HOME_TILE, 3, True, person)
        assert event_of(json.loads(json.dumps(to_event(event)))) == event
    assert len(json.loads(to_entry(plain))) == 6
    assert "reachable" not in to_event(TileEvent(HOME_TILE, 3, True, plain))["person"]
    assert Place(*AT_HOME) == plain.place
