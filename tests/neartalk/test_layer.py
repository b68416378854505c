"""What processes tell each other by Redis: groups, channels, and a connection that is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer
from redis.asyncio import Redis
from redis.exceptions import ConnectionError

from neartalk.redis import layer as module
from neartalk.redis.connection import LostAlike, pool_options
from neartalk.redis.layer import PubSubLayer
from neartalk.redis.subscriber import Subscriber
from tests.support.servers import free_port
from tests.support.waiting import deadline

PREFIX = "layertest:"


@asynccontextmanager
async def layers(*urls: str, count: int = 2) -> AsyncIterator[list[PubSubLayer]]:
    found = [PubSubLayer([pool_options(url) for url in urls], PREFIX) for _ in range(count)]
    try:
        yield found
    finally:
        for each in found:
            await each.flush()


def noted(subscriber: Subscriber) -> asyncio.Event:
    """Set once the connection of a subscriber is lost."""
    gone, lose = asyncio.Event(), subscriber._lose

    def note(why: Exception) -> None:
        lose(why)
        gone.set()

    subscriber._lose = note  # type: ignore[method-assign]
    assert subscriber.wire
    subscriber.wire.on_lost = note
    return gone


@asynccontextmanager
async def user(redis_url: str, *rules: str) -> AsyncIterator[tuple[Redis, str]]:
    """Redis, and its URL for a user with these rules."""
    async with Redis.from_url(redis_url) as redis:
        await redis.execute_command("ACL", "SETUSER", "near", "reset", "on", "nopass", *rules)
        try:
            yield redis, redis_url.replace("://", "://near:any@")
        finally:
            await redis.execute_command("ACL", "DELUSER", "near")


def granted(subscriber: Subscriber) -> asyncio.Event:
    """Set once its connection was looked at and found, and Redis refuses none of its channels."""
    found, check = asyncio.Event(), subscriber._check

    async def note() -> None:
        await check()
        if not subscriber.refused:
            found.set()

    subscriber._check = note  # type: ignore[method-assign]
    return found


async def said(layer: PubSubLayer, channel: str) -> object:
    async with deadline("a message"):
        return (await layer.receive(channel))["text"]


async def test_what_is_sent_to_a_group_comes_to_all_others_in_it_once(redis_url: str) -> None:
    async with layers(redis_url, redis_url, count=3) as each:
        channels = [await layer.new_channel() for layer in each]
        for layer, channel in zip(each, channels, strict=True):
            await layer.group_add("here", channel)
        for layer in each:
            await layer.group_add("there", channels[each.index(layer)])
        await each[2].group_discard("here", channels[2])
        await asyncio.gather(*(each[0].group_send("here", {"text": n}) for n in range(9)))
        await each[1].group_send("there", {"text": "end"})
        assert [await said(each[1], channels[1]) for _ in range(9)] == [*range(9)]
        assert await said(each[2], channels[2]) == await said(each[0], channels[0]) == "end"
        assert all(layer.channels[one].empty() for layer, one in zip(each, channels, strict=True))


async def test_what_is_sent_to_a_channel_comes_to_it(redis_url: str) -> None:
    async with layers(redis_url) as (one, other):
        channel = await other.new_channel()
        await one.send(channel, {"text": "\U0001f600", "bytes": b"\xff\x00"})
        async with deadline("a message"):
            assert await other.receive(channel) == {"text": "\U0001f600", "bytes": b"\xff\x00"}


async def test_processes_of_the_release_before_are_understood_and_understand(
    redis_url: str,
) -> None:
    before = RedisPubSubChannelLayer(hosts=[redis_url], prefix=PREFIX)
    async with layers(redis_url, count=1) as (now,):
        ours, theirs = await now.new_channel(), await before.new_channel()
        await now.group_add("here", ours)
        await before.group_add("here", theirs)
        await before.group_send("here", {"text": "old"})
        assert await said(now, ours) == "old"
        await now.group_send("here", {"text": "new"})
        async with deadline("both, for it hears itself"):
            found = [await before.receive(theirs) for _ in range(2)]
        assert found == [{"text": "old"}, {"text": "new"}]
    await before.flush()


async def test_a_connection_that_is_cut_is_subscribed_anew(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with layers(redis_url) as (one, other), Redis.from_url(redis_url) as redis:
        channel = await other.new_channel()
        await other.group_add("here", channel)
        subscriber = other._shards[0].subscriber
        gone = noted(subscriber)
        await redis.client_kill_filter(_type="pubsub")
        async with deadline("it is lost"):
            await gone.wait()
        async with deadline("it is there again"):
            await other.group_add("there", channel)
        for group in ("here", "there"):
            await one.group_send(group, {"text": group})
            assert await said(other, channel) == group
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_a_connection_that_says_nothing_is_lost(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neartalk.redis.subscriber.SILENT_S", 0.0)
    async with layers(redis_url, count=1) as (one,):
        await one.new_channel()
        subscriber = one._shards[0].subscriber
        gone = noted(subscriber)
        async with deadline("it is lost"):
            await gone.wait()


async def test_what_redis_refused_is_subscribed_once_it_no_longer_does(redis_url: str) -> None:
    async with user(redis_url, "+@all", "resetchannels") as (redis, url), layers(url) as (one, _):
        subscriber = one._shards[0].subscriber
        channel = await one.new_channel()
        for group in ("here", "there", "left"):
            await one.group_add(group, channel)
        await one.group_discard("left", channel)
        assert len(subscriber.refused) == 3
        await redis.execute_command("ACL", "SETUSER", "near", "allchannels")
        async with deadline("Redis is asked again"):
            await granted(subscriber).wait()
        async with layers(redis_url, count=1) as (other,):
            for group in ("left", "here", "there"):
                await other.group_send(group, {"text": group})
            assert [await said(one, channel) for _ in range(2)] == ["here", "there"]


async def test_a_redis_that_refuses_a_ping_is_there(redis_url: str) -> None:
    async with (
        user(redis_url, "+@all", "allchannels", "-ping") as (_, url),
        layers(url) as (one, _),
    ):
        await one.new_channel()
        subscriber = one._shards[0].subscriber
        wire = subscriber.wire
        assert wire
        await subscriber._check()
        assert subscriber.wire is wire


async def test_whatever_fails_as_it_is_opened_it_is_opened_again(redis_url: str) -> None:
    async with layers(redis_url) as (one, other), Redis.from_url(redis_url) as redis:
        channel = await other.new_channel()
        subscriber = other._shards[0].subscriber
        make, made = subscriber.make, asyncio.Event()

        def fail() -> LostAlike:
            subscriber.make = make
            made.set()
            raise KeyError

        subscriber.make = fail
        gone = noted(subscriber)
        await redis.client_kill_filter(_type="pubsub")
        async with deadline("it is lost, and opened in vain"):
            await asyncio.gather(gone.wait(), made.wait())
        async with deadline("it is there again"):
            await granted(subscriber).wait()
        await one.send(channel, {"text": "hello"})
        assert await said(other, channel) == "hello"


async def test_who_asks_in_vain_for_a_channel_leaves_nothing_behind() -> None:
    async with layers(f"redis://127.0.0.1:{free_port()}", count=1) as (one,):
        for _ in range(3):
            with pytest.raises(ConnectionError):
                await one.new_channel()
        assert not one.channels
        assert not one._shards[0].subscriber.names


async def test_what_was_left_meanwhile_is_not_subscribed_anew(redis_url: str) -> None:
    async with layers(redis_url, count=1) as (one,), Redis.from_url(redis_url) as redis:
        await one.new_channel()
        await one._shards[0].subscriber._subscribe(f"{PREFIX}left")
        assert await redis.pubsub_channels(f"{PREFIX}left") == []


async def test_what_nobody_reads_takes_no_memory(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "UNREAD_MAX", 3)
    monkeypatch.setattr(module, "OWN_MAX", 2)
    async with layers(redis_url) as (one, other):
        channel, mine = await other.new_channel(), await one.new_channel()
        await other.group_add("here", channel)
        for number in range(9):
            await one.group_send("here", {"text": number})
        await other.send(mine, {"text": "end"})
        assert await said(one, mine) == "end"
        assert [await said(other, channel) for _ in range(3)] == [0, 1, 2]
        assert len(one.own) <= 2
