"""What a message costs the store, and what is lost when the way there is: in Redis alone."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from pytest_django.fixtures import Settings

from chat.history import life_ms
from chat.history.redis import RedisHistory
from chat.history.stream import refs_key, stream_key
from chat.history.trimmer import DUE
from chat.messages import BEGINNING, Appended, Draft, Message
from neartalk.codes import Refused
from neartalk.redis import named
from neartalk.redis.client import RedisClient, connect
from presence.geo import Cell, cell_at, tile_of
from presence.values import Place
from tests.support.processes import turns
from tests.support.redis_proxy import RedisProxy, proxied
from tests.support.servers import Valkey
from tests.support.waiting import deadline

HERE, THERE = cell_at(52.52, 13.4), cell_at(52.52, 13.5)
HOME, OUT = tile_of(HERE), tile_of(THERE)
Appends = list[asyncio.Task[Appended]]


@pytest.fixture(autouse=True)
def unlimited(settings: Settings, patient: None) -> None:
    settings.RATE_LIMITS_SCALE = 1000


class SingleNodeHistory(RedisHistory):
    client: RedisClient


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[SingleNodeHistory]:
    client = connect(url)
    try:
        async with deadline("all that is asked of this history"):
            yield SingleNodeHistory(client)
    finally:
        await client.aclose()


@asynccontextmanager
async def watched(server: Valkey) -> AsyncIterator[tuple[SingleNodeHistory, RedisProxy]]:
    """A history whose Redis is empty and knows the script, and what is written to it."""
    server.flush()
    async with proxied(server) as relay, opened(relay.url) as history:
        await history.append(draft("before", cell=cell_at(0, 0)))
        await settled(history)
        relay.lots.clear()
        yield history, relay


async def settled(history: SingleNodeHistory) -> None:
    """Everything that rode behind a message has arrived."""
    await asyncio.gather(*history.trimmer.under_way, return_exceptions=True)
    await history.client.pipelined.send("PING")


def draft(text: str, who: str = "alice", cell: Cell = HERE) -> Draft:
    return Draft(who, who.title(), Place(cell, 500), text, f"ref-of-{text}")


def appends(relay: RedisProxy) -> list[int]:
    """How many messages were in each write that held any."""
    return [count for lot in relay.lots if (count := lot.count(b"EVALSHA"))]


async def texts(history: SingleNodeHistory, cell: Cell = HERE) -> list[str]:
    tile = tile_of(cell)
    entries = (await history.page({tile: None}, {}, 1000)).entries[tile]
    return [entry.text for entry in entries if isinstance(entry, Message)]


def codes(outcomes: Sequence[Appended | BaseException]) -> list[str]:
    """What became of each message."""
    return [one.code if isinstance(one, Refused) else type(one).__name__ for one in outcomes]


# ---- Round trips -------------------------------------------------------------------------------


async def test_one_message_is_one_round_trip_before_its_ack(redis_server: Valkey) -> None:
    async with watched(redis_server) as (history, relay):
        for number in range(10):
            relay.lots.clear()
            relay.keep(1)  # one lot of answers, and none after it
            await history.append(draft(f"text {number}", cell=(HERE, THERE)[number % 2]))
            assert len(relay.lots) == 1
            assert appends(relay) == [1]
            relay.pass_on()
            await settled(history)
        assert len(await texts(history)) == len(await texts(history, THERE)) == 5


async def test_fifty_messages_at_once_are_one_write(redis_server: Valkey) -> None:
    async with watched(redis_server) as (history, relay):
        sent = [draft(f"text {number}", who=f"person {number}") for number in range(50)]
        answers = await asyncio.gather(*map(history.append, sent))
        assert appends(relay) == [50]
        assert len({answer.at for answer in answers}) == 50
        assert await texts(history) == [one.text for one in sent]


async def test_fifty_people_who_speak_on_and_on_share_each_write(redis_server: Valkey) -> None:
    async with watched(redis_server) as (history, relay):

        async def talk(who: int) -> None:
            for number in range(10):
                await history.append(draft(f"{who} says {number}", who=f"person {who}"))

        await asyncio.gather(*map(talk, range(50)))
        assert sum(appends(relay)) == 500
        assert len(relay.lots) <= 50


async def test_the_refs_of_all_earlier_tiles_are_asked_in_one_round_trip(
    redis_server: Valkey,
) -> None:
    async with watched(redis_server) as (history, relay):
        first = await history.append(draft("one", cell=THERE))
        await settled(history)
        relay.lots.clear()
        earlier = [tile_of(cell_at(10.0, step / 50)) for step in range(5)]
        assert (await history.append(draft("two"), earlier)).fresh
        assert [lot.count(b"HGET") for lot in relay.lots[:2]] == [5, 0]
        assert appends(relay) == [1]
        again = await history.append(draft("one"), [*earlier, OUT])
        assert (again.at, again.fresh) == (first.at, False)
        assert sum(appends(relay)) == 1


# ---- What rides behind -------------------------------------------------------------------------


async def test_the_first_message_of_a_tile_enters_it_among_those_that_are_due(
    redis_server: Valkey,
) -> None:
    async with watched(redis_server) as (history, _):
        first = await history.append(draft("one"))
        await settled(history)
        assert await history.client.zscore(named(DUE), HOME) == first.at.ms + life_ms()
        await history.append(draft("two"))
        await settled(history)
        assert await history.client.zscore(named(DUE), HOME) == first.at.ms + life_ms()


async def test_a_tile_that_did_not_get_among_those_that_are_due_is_entered_a_minute_later(
    redis_server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    async with watched(redis_server) as (history, relay):
        relay.keep(1)
        one = await history.append(draft("one"))
        with caplog.at_level(logging.WARNING):
            await relay.until(2)
            relay.cut()
            relay.pass_on()
            await settled(history)
        assert "a tile was not looked after" in caplog.text
        await history.client.zrem(named(DUE), HOME)
        await history.client.hset(refs_key(HOME), "", f"{one.at.ms - 60_000}-0")
        two = await history.append(draft("two"))
        await settled(history)
        assert await history.client.zscore(named(DUE), HOME) == two.at.ms + life_ms()


async def test_the_keys_of_a_tile_outlive_each_of_its_messages(redis_server: Valkey) -> None:
    async with watched(redis_server) as (history, _):
        one = await history.append(draft("one"))
        client, keys = history.client, (stream_key(HOME), refs_key(HOME))
        for key in keys:
            await client.pexpire(key, 60_000)
        await client.hset(refs_key(HOME), "", f"{one.at.ms - 1000}-0")
        await history.append(draft("two"))
        for key in keys:
            assert life_ms() < await client.pttl(key) <= life_ms() + 60_000


async def test_old_messages_leave_behind_a_new_one_that_does_not_wait_for_it(
    redis_server: Valkey,
) -> None:
    async with watched(redis_server) as (history, relay):
        await keep_old(history, "old")
        relay.keep(1)
        await history.append(draft("new"))
        relay.pass_on()
        await settled(history)
        client = history.client
        assert {*await client.hkeys(refs_key(HOME))} == {"alice:ref-of-new", ""}
        assert [entry["text"] for _, entry in await client.xrange(stream_key(HOME))] == ["new"]


async def test_a_ref_that_was_sent_again_outlives_its_first_message(redis_url: str) -> None:
    async with opened(redis_url) as history:
        await keep_old(history, "one")
        again = await history.append(draft("one"))
        assert again.fresh
        await history.trim()
        assert await texts(history) == ["one"]
        known = await history.append(draft("one"))
        assert (known.at, known.fresh) == (again.at, False)


async def test_a_tile_whose_clock_is_behind_is_left_to_a_later_trim(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(redis_url) as history:
        kept = await history.append(draft("one"))
        await settled(history)
        own = history.client.now_ms

        async def ahead(key: str = "") -> int:
            """In a cluster another master has DUE than the tile."""
            return await own() + (life_ms() + 1000 if key == named(DUE) else 0)

        monkeypatch.setattr(history.client, "now_ms", ahead)
        await history.trim()
        assert await texts(history) == ["one"]
        assert await history.client.zscore(named(DUE), HOME) > kept.at.ms + life_ms()


async def keep_old(history: SingleNodeHistory, text: str) -> None:
    """A message that has lived its time and that nobody has trimmed yet."""
    old, client = f"{await history.now_ms() - life_ms() - 5000}-0", history.client
    entry = {"person": "alice", "name": "Alice", "text": text, "ref": f"ref-of-{text}"}
    await client.xadd(stream_key(HOME), {**entry, "cell": HERE, "radius_m": "500"}, id=old)
    await client.hset(refs_key(HOME), mapping={f"alice:ref-of-{text}": old, "": old})
    await client.zadd(named(DUE), {HOME: 1})


# ---- Losses ------------------------------------------------------------------------------------


async def test_a_redis_that_forgot_the_script_is_told_it_again(redis_server: Valkey) -> None:
    async with watched(redis_server) as (history, _):
        for round_ in range(2):
            await history.client.script_flush()
            sent = [draft(f"text {number} of {round_}") for number in range(10)]
            answers = await asyncio.gather(*map(history.append, sent))
            assert all(answer.fresh for answer in answers)
        assert len(await texts(history)) == 20


async def test_a_redis_that_began_anew_keeps_the_next_message(
    own_redis: Callable[[], Valkey],
) -> None:
    server = own_redis()
    async with opened(server.url) as history:
        await history.append(draft("one"))
        server.restart()
        await turns()  # in which the end of the connection comes through
        two = await history.append(draft("two"))
        assert (two.fresh, two.previous) == (True, BEGINNING)
        assert await texts(history) == ["two"]


async def test_the_error_of_one_message_is_not_that_of_another(redis_server: Valkey) -> None:
    async with watched(redis_server) as (history, relay):
        await history.client.set(stream_key(OUT), "no stream")
        relay.lots.clear()
        sent = [draft(f"text {number}", cell=(HERE, THERE)[number % 2]) for number in range(4)]
        outcomes = await asyncio.gather(*map(history.append, sent), return_exceptions=True)
        assert codes(outcomes) == ["Appended", "store-unavailable"] * 2
        assert appends(relay) == [4]
        assert await texts(history) == ["text 0", "text 2"]


async def three_and_three(history: SingleNodeHistory, relay: RedisProxy) -> tuple[Appends, Appends]:
    """Three appends that the relay keeps, and three that wait behind them."""
    relay.keep()
    on_the_way = [asyncio.create_task(history.append(draft(f"sent {n}"))) for n in range(3)]
    await relay.until(1)
    waiting = [asyncio.create_task(history.append(draft(f"waited {n}"))) for n in range(3)]
    await turns()
    return on_the_way, waiting


async def test_a_lost_answer_is_unknown_to_those_on_the_way_and_nothing_is_sent_again(
    redis_server: Valkey,
) -> None:
    async with watched(redis_server) as (history, relay):
        on_the_way, waiting = await three_and_three(history, relay)
        relay.cut()
        relay.pass_on()
        outcomes = await asyncio.gather(*on_the_way, *waiting, return_exceptions=True)
        assert codes(outcomes) == ["store-unavailable"] * 3 + ["Appended"] * 3
        assert sorted(await texts(history)) == [
            *(f"sent {n}" for n in range(3)),
            *(f"waited {n}" for n in range(3)),
        ]
        assert sum(appends(relay)) == 6
        known = await history.append(draft("sent 1"))
        assert not known.fresh


async def test_a_sender_who_gives_up_disturbs_nobody(redis_server: Valkey) -> None:
    async with watched(redis_server) as (history, relay):
        on_the_way, waiting = await three_and_three(history, relay)
        on_the_way[1].cancel()
        waiting[1].cancel()
        relay.pass_on()
        outcomes = await asyncio.gather(*on_the_way, *waiting, return_exceptions=True)
        assert codes(outcomes) == ["Appended", "CancelledError", "Appended"] * 2
        assert sorted(await texts(history)) == [
            "sent 0",
            "sent 1",
            "sent 2",
            "waited 0",
            "waited 2",
        ]
