"""The way to Redis: a client that never waits over 2 s and never repeats a command by itself."""

import asyncio
import hashlib
from collections.abc import Awaitable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisClusterException, RedisError

from neartalk.codes import Refused
from neartalk.redis.pipeline import Command, Pipeline

TIMEOUT_S = 2.0


class Script(NamedTuple):
    """Lua that runs in Redis as one step; its header names every key and argument."""

    text: str
    sha: str


class Store(Protocol):
    """One Redis, or a cluster of them, as everything here asks it.

    The keys that one command or script names stand in one slot. Any method may raise what
    `unknown_when_lost` takes.
    """

    def send(self, *command: str | int) -> asyncio.Future[Any]:
        """One short command, together with whatever else travels now; the answer as it came."""

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Runs a script, as `send` does."""

    async def ask(self, commands: Collection[Command]) -> list[Any]:
        """Many commands, or such as have long answers: on a way of their own, each answer in the
        form that redis-py gives it."""

    async def ask_timed(self, commands: Collection[Command]) -> tuple[int, list[Any]]:
        """What the store's clock said before it answered, in milliseconds, and the answers; of
        several clocks the one that is behind."""

    async def now_ms(self, key: str = "") -> int:
        """The store's clock: that of the master which has the key, else the one that is behind of
        those that answer."""

    async def run_ids(self) -> list[str]:
        """What names the life of each master: another one after each start."""

    def grouped(self, keys: Collection[str]) -> list[list[str]]:
        """The keys in such groups as one command may name together."""

    async def aclose(self) -> None: ...


class RedisClient(Redis):
    """One Redis: redis-py's client, and beside its pool the one connection on which commands
    travel together, for what is asked often, in short, and by many at once."""

    def __init__(self, pool: BlockingConnectionPool) -> None:
        super().__init__(connection_pool=cast(Any, pool))
        self.together = Pipeline(pool.make_connection)

    def send(self, *command: str | int) -> asyncio.Future[Any]:
        return self.together.send(*command)

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        return await run(self, script, keys, arguments)

    async def ask(self, commands: Collection[Command], raise_on_error: bool = True) -> list[Any]:
        async with self.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            answers: list[Any] = await pipe.execute(raise_on_error)
        return answers

    async def ask_timed(
        self, commands: Collection[Command], raise_on_error: bool = True
    ) -> tuple[int, list[Any]]:
        time, *answers = await self.ask([("TIME",), *commands], raise_on_error)
        if isinstance(time, Exception):
            raise time
        return milliseconds(time), answers

    async def now_ms(self, key: str = "") -> int:
        return milliseconds(await self.send("TIME"))

    async def run_ids(self) -> list[str]:
        (server,) = await self.ask([("INFO", "server")])
        return [server["run_id"]]

    def grouped(self, keys: Collection[str]) -> list[list[str]]:
        return [[*keys]] if keys else []

    async def aclose(self, close_connection_pool: bool | None = True) -> None:
        """Its pool is nobody else's."""
        await self.together.aclose()
        await super().aclose(close_connection_pool)


async def run(store: Store, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
    rest = len(keys), *keys, *arguments
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
    pool = BlockingConnectionPool.from_url(
        url,
        decode_responses=True,
        max_connections=64,
        timeout=TIMEOUT_S,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    return RedisClient(pool)


@cache
def script(path: Path) -> Script:
    text = path.read_text()
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


@contextmanager
def unknown_when_lost() -> Iterator[None]:
    """Turns a lost or late answer into `store-unavailable`: neither a yes nor a no.

    Raises:
        Refused: with the code `store-unavailable`.
    """
    try:
        yield
    except (RedisError, RedisClusterException, OSError, TimeoutError) as lost:
        raise Refused("store-unavailable", retry_after=2) from lost


async def answer(value: Awaitable[Any] | Any) -> Any:
    """redis-py annotates its commands as `Awaitable[T] | T`; ours are always awaited."""
    return await value


def milliseconds(time: Sequence[int | str]) -> int:
    """Of Redis' TIME: seconds and microseconds."""
    return int(time[0]) * 1000 + int(time[1]) // 1000
