"""Who stays where their session told its first place takes their tile off what their network is
judged by."""

from __future__ import annotations

import secrets

import pytest

from neartalk.codes import Refused
from presence.suspicion import STAY_MS, count_look, tiles_left
from tests.presence.process_pair import ProcessPair, process_pair
from tests.support.processes import AWAY, HERE, PageSocket

PERIOD_MS = 600_000


async def arrived(pair: ProcessPair, network: str = "cafe") -> PageSocket:
    """Somebody whose session told its first place and has a page open."""
    digest, origin = secrets.token_hex(32), {"address": network}
    await pair.registry.open(digest, "Alice", origin=network)
    await count_look(pair.first.platform, origin, network, digest, HERE.cell)
    socket = await pair.first.join((await pair.registry.place(digest, HERE, "")).session)
    socket.network = network
    return socket


async def left(pair: ProcessPair, network: str = "cafe") -> int:
    await pair.first.hub.stays.count()
    return await tiles_left(pair.first.platform, network, PERIOD_MS)


async def test_a_tile_counts_until_one_who_came_there_has_a_page_open_for_two_minutes() -> None:
    async with process_pair() as pair:
        await arrived(pair)
        assert await left(pair) == 1
        pair.now_ms += STAY_MS - 1
        assert await left(pair) == 1
        pair.now_ms += 1
        assert await left(pair) == 0
        pair.now_ms += PERIOD_MS
        assert await left(pair) == 0


async def test_whoever_walks_on_or_rides_has_stayed_where_they_began() -> None:
    async with process_pair() as pair:
        socket = await arrived(pair)
        assert await left(pair) == 1
        moved = await pair.registry.place(socket.session.digest, AWAY, pair.first.hub.process)
        pair.first.hub.announce(moved)
        await pair.settle()
        assert socket.place == AWAY
        pair.now_ms += STAY_MS
        assert await left(pair) == 0


async def test_a_session_that_is_older_than_the_period_says_nothing_of_where_it_began() -> None:
    """As after a restart, when all come back at once."""
    async with process_pair() as pair:
        socket = await arrived(pair)
        pair.now_ms += PERIOD_MS
        await left(pair)
        pair.now_ms += STAY_MS
        assert await left(pair) == 1
        assert not pair.first.hub.stays.visits
        assert socket.session.digest not in pair.first.hub.stays.counted


async def test_whoever_is_gone_before_has_only_looked() -> None:
    async with process_pair() as pair:
        socket = await arrived(pair)
        await left(pair)
        pair.first.hub.exit(socket)
        await pair.first.hub.end(socket.session)
        pair.now_ms += STAY_MS
        assert await left(pair) == 1


async def test_a_stay_is_counted_once_and_again_where_the_store_did_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with process_pair() as pair:
        await arrived(pair)
        distinct, calls = pair.first.platform.distinct, list[str]()
        add = distinct.add

        async def fails_once(subject: str, member: str, period_ms: int) -> int:
            calls.append(subject)
            if len(calls) == 1:
                raise Refused("store-unavailable")
            return await add(subject, member, period_ms)

        monkeypatch.setattr(distinct, "add", fails_once)
        await left(pair)
        pair.now_ms += STAY_MS
        with pytest.raises(Refused):
            await left(pair)
        for _ in range(3):
            await left(pair)
        assert calls == ["cafe:stayed"] * 2


async def test_whoever_is_gone_is_forgotten() -> None:
    async with process_pair() as pair:
        socket = await arrived(pair)
        await left(pair)
        pair.now_ms += STAY_MS
        await left(pair)
        assert pair.first.hub.stays.counted == {socket.session.digest}
        pair.first.hub.exit(socket)
        await left(pair)
        assert not pair.first.hub.stays.counted
        assert not pair.first.hub.stays.visits
