"""The way to Redis: a client that never waits over 2 s and never repeats a command by itself."""

from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import NoScriptError, RedisError

from neartalk.codes import Refused
from neartalk.pipeline import Pipeline

TIMEOUT_S = 2.0


class Client(Redis):
    """redis-py's client, and beside its pool the one connection on which commands travel
    together: for what is asked often, in short, and by many at once."""

    def __init__(self, pool: BlockingConnectionPool) -> None:
        super().__init__(connection_pool=cast(Any, pool))
        self.together = Pipeline(pool.make_connection)

    async def run(self, script: AsyncScript, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Runs a script, together with whatever else travels now."""
        rest = len(keys), *keys, *arguments
        try:
            return await self.together.send("EVALSHA", script.sha, *rest)
        except NoScriptError:
            # Redis began anew, and nothing was run. With EVAL it also knows the script again.
            return await self.together.send("EVAL", script.script, *rest)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await self.together.aclose()
        await super().aclose(close_connection_pool)


def connect(url: str = "") -> Client:
    """A client of `url`, by default REDIS_URL; replies are text.

    It retries nothing: a command whose answer was lost may have been carried out, and a counter
    taken twice is worse than an answer that says unknown.
    """
    pool = BlockingConnectionPool.from_url(
        url or settings.REDIS_URL,
        decode_responses=True,
        max_connections=64,
        timeout=TIMEOUT_S,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    return Client(pool)


@cache
def lua(path: Path) -> str:
    return path.read_text()


def script(client: "Redis", path: Path) -> AsyncScript:
    """The Lua script in the file at `path`; its header names every key and argument."""
    return client.register_script(lua(path))


@contextmanager
def unknown_when_lost() -> Iterator[None]:
    """Turns a lost or late answer into `store-unavailable`: neither a yes nor a no.

    Raises:
        Refused: with the code `store-unavailable`.
    """
    try:
        yield
    except (RedisError, OSError, TimeoutError) as lost:
        raise Refused("store-unavailable", retry_after=2) from lost


async def answer(value: Awaitable[Any] | Any) -> Any:
    """redis-py annotates its commands as `Awaitable[T] | T`; ours are always awaited."""
    return await value
