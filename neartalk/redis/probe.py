"""Whether Redis does what people need of it: each command that NearTalk gives, on keys of the
probe's own. A ping is answered by a Redis that takes nothing in."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from redis.exceptions import NoScriptError

from neartalk.redis.names import named
from neartalk.redis.pipeline import Command
from neartalk.redis.store import Store

EXPIRES_MS = 60_000
NO_SCRIPT = "0" * 40


def commands(tag: str) -> list[Command]:
    """One of each kind. All keys carry `tag`, and so stand in one slot."""
    text, fields, ranks, stream, members = (
        named(f"{{{tag}}}:probe:{kind}") for kind in ("text", "hash", "sorted", "stream", "set")
    )
    keys = text, fields, ranks, stream, members
    return [
        ("EVAL", "return redis.call('TIME')", 1, text),
        ("SET", text, 1, "PX", EXPIRES_MS),
        ("GET", text),
        ("MGET", text),
        ("PTTL", text),
        ("EXISTS", text),
        ("HSET", fields, "n", 1),
        ("HINCRBY", fields, "n", 1),
        ("HGET", fields, "n"),
        ("HMGET", fields, "n"),
        ("HGETALL", fields),
        ("HDEL", fields, "other"),
        ("ZADD", ranks, 1, "one"),
        ("ZINCRBY", ranks, 1, "one"),
        ("ZSCORE", ranks, "one"),
        ("ZCOUNT", ranks, "-inf", 0),
        ("ZRANGE", ranks, 0, -1),
        ("ZRANGEBYSCORE", ranks, "-inf", 0),
        ("ZREMRANGEBYSCORE", ranks, "-inf", 0),
        ("ZREM", ranks, "other"),
        ("XADD", stream, "MAXLEN", 1, "*", "n", 1),
        ("XRANGE", stream, "-", "+", "COUNT", 1),
        ("XREVRANGE", stream, "+", "-", "COUNT", 1),
        ("XREAD", "COUNT", 1, "STREAMS", stream, "$"),
        ("XDEL", stream, "0-1"),
        ("SADD", members, "one"),
        ("SMEMBERS", members),
        ("SREM", members, "other"),
        *(("PEXPIRE", key, EXPIRES_MS) for key in keys),
        ("DEL", *keys),
    ]


async def probe(store: Store) -> None:
    """Returns once a node has done all of it: while one master of a cluster does, people come in.

    Raises what a `Store` raises, where none does.
    """
    asked = [asyncio.ensure_future(ask(store, commands(tag))) for tag in await store.tags()]
    failed: Exception | None = None
    try:
        for answer in asyncio.as_completed(asked):
            try:
                await answer
            except Exception as why:
                failed = why
            else:
                return
    finally:
        for one in asked:
            one.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    raise failed or ConnectionError("nobody was asked")


async def ask(store: Store, each: Sequence[Command]) -> None:
    await store.ask_timed(each)
    with suppress(NoScriptError):
        await store.send("EVALSHA", NO_SCRIPT, 1, each[0][3])
