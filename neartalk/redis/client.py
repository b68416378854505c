"""A client of one Redis, which waits for 2 s at most and never repeats a command by itself."""

import asyncio
from collections.abc import Awaitable, Collection, Sequence
from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from neartalk.redis.connection import pool_options
from neartalk.redis.names import named
from neartalk.redis.node_clock import NodeClock
from neartalk.redis.pipeline import Command, Pipeline
from neartalk.redis.refusals import refusal_of
from neartalk.redis.store import Script, Store

TIMEOUT_S = 2.0

# What was added to a clock outlives the processes that added it by so much: longer than a message
# lives, whose id goes by it. Those that are there tell it again.
SHARED_MS = 3_600_000


class RedisClient(Redis):
    """One Redis: redis-py's client, and beside its pool the one connection on which commands
    travel together, for what is asked often, in short, and by many at once."""

    def __init__(self, pool: BlockingConnectionPool) -> None:
        super().__init__(connection_pool=cast(Any, pool))
        self.pipelined = Pipeline(pool.make_connection)
        self.tells_run_id = True
        self.clock = NodeClock()

    def send(self, *command: str | int) -> asyncio.Future[Any]:
        return self.pipelined.send(*command)

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        return await run(self, self.clock, script, keys, arguments)

    async def share_clock(self, tag: str = "0") -> None:
        key = named(f"{{{tag}}}:ahead")
        _, (shared,) = await self.ask_timed([("GET", key)])
        if self.clock.agree(int(shared or 0)):
            await self.ask([("SET", key, self.clock.ahead_ms, "PX", SHARED_MS)])

    async def ask(self, commands: Collection[Command], raise_on_error: bool = True) -> list[Any]:
        async with self.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            answers: list[Any] = await pipe.execute(raise_on_error)
        return answers

    async def ask_timed(
        self, commands: Collection[Command], raise_on_error: bool = True
    ) -> tuple[int, list[Any]]:
        asked_ms = self.clock.own()
        time, *answers = await self.ask([("TIME",), *commands], raise_on_error)
        if isinstance(time, Exception):
            raise time
        return self.clock.observe(asked_ms, milliseconds(time)), answers

    async def now_ms(self, key: str = "") -> int:
        asked_ms = self.clock.own()
        return self.clock.observe(asked_ms, milliseconds(await self.send("TIME")))

    async def run_ids(self) -> list[str]:
        if not self.tells_run_id:
            return []
        try:
            (server,) = await self.ask([("INFO", "server")])
        except RedisError as why:
            # Asked again it would fill the log of Redis with what it denied.
            self.tells_run_id = refusal_of(why) not in {"NOPERM", "COMMAND"}
            if self.tells_run_id:
                raise
            return []
        return [server["run_id"]] if "run_id" in server else []

    async def tags(self) -> list[str]:
        return ["0"]

    def grouped(self, keys: Collection[str]) -> list[list[str]]:
        return [[*keys]] if keys else []

    async def aclose(self, close_connection_pool: bool | None = True) -> None:
        """Its pool is nobody else's."""
        await self.pipelined.aclose()
        await super().aclose(close_connection_pool)


async def run(
    store: Store,
    clock: NodeClock,
    script: Script,
    keys: Sequence[str],
    arguments: Sequence[Any],
) -> Any:
    """`clock` is that of the node which has the keys."""
    time = (clock.ahead_ms, clock.least_ms()) if script.asks_time else ()
    rest = len(keys), *keys, *arguments, *time
    try:
        return await store.send("EVALSHA", script.sha, *rest)
    except NoScriptError:
        # This Redis began anew, and nothing was run. With EVAL it also knows the script again.
        return await store.send("EVAL", script.text, *rest)


def connect(url: str) -> RedisClient:
    """A client of the Redis at `url`; replies are text.

    It retries nothing: a command whose answer was lost may have been carried out, and a counter
    taken twice is worse than an answer that says unknown.
    """
    pool = BlockingConnectionPool(
        **pool_options(url),
        decode_responses=True,
        max_connections=64,
        timeout=TIMEOUT_S,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    return RedisClient(pool)


async def answer(value: Awaitable[Any] | Any) -> Any:
    """redis-py annotates its commands as `Awaitable[T] | T`; ours are always awaited."""
    return await value


def milliseconds(time: Sequence[int | str]) -> int:
    """Of Redis' TIME: seconds and microseconds."""
    return int(time[0]) * 1000 + int(time[1]) // 1000
