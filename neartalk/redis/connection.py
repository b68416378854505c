"""Connections of redis-py that call every loss of theirs a ConnectionError.

Where a connection ends while one task opens it, writes or reads, and another closes it, uvloop
says RuntimeError, and redis-py AttributeError, for what it holds is gone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
    parse_url,
)
from redis.exceptions import ConnectionError


@contextmanager
def lost() -> Iterator[None]:
    """Raises redis' ConnectionError for what only a connection that ended raises."""
    try:
        yield
    except (RuntimeError, AttributeError) as why:
        raise ConnectionError("the connection ended meanwhile") from why


class LostAlike(AbstractConnection):
    async def connect(self, *args: Any, **options: Any) -> None:
        with lost():
            await super().connect(*args, **options)

    async def connect_check_health(self, *args: Any, **options: Any) -> None:
        with lost():
            await super().connect_check_health(*args, **options)

    async def disconnect(self, *args: Any, **options: Any) -> None:
        with lost():
            await super().disconnect(*args, **options)

    async def send_packed_command(self, *args: Any, **options: Any) -> None:
        with lost():
            await super().send_packed_command(*args, **options)

    async def can_read_destructive(self) -> bool:
        with lost():
            return bool(await super().can_read_destructive())

    async def read_response(self, *args: Any, **options: Any) -> Any:
        with lost():
            return await super().read_response(*args, **options)


class LostAlikeTcp(LostAlike, Connection):
    pass


class LostAlikeTls(LostAlike, SSLConnection):
    pass


class LostAlikeUnix(LostAlike, UnixDomainSocketConnection):
    pass


BY_KIND: dict[type[AbstractConnection], type[LostAlike]] = {
    Connection: LostAlikeTcp,
    SSLConnection: LostAlikeTls,
    UnixDomainSocketConnection: LostAlikeUnix,
}


def pool_options(url: str) -> dict[str, Any]:
    """What a pool of such connections to the Redis at `url` is made with."""
    options: dict[str, Any] = dict(parse_url(url))
    kind = options.pop("connection_class", Connection)
    return {**options, "connection_class": BY_KIND[kind]}
