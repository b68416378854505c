"""Connections of redis-py that call every loss of theirs a ConnectionError.

Where a connection ends while one task opens it, writes or reads, and another closes it, uvloop
says RuntimeError, and redis-py AttributeError, for what it holds is gone.
"""

import asyncio
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

import hiredis
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
    parse_url,
)
from redis.exceptions import ConnectionError, InvalidResponse


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

    def wire(
        self,
        on_answer: Callable[[Any], None],
        on_lost: Callable[[Exception], None],
        *,
        raw: bool = False,
    ) -> "RedisWire":
        """Its transport once it is connected: given away, without the streams of redis-py. `raw`
        answers are bytes."""
        reader = hiredis.Reader(
            protocolError=InvalidResponse,
            replyError=self._parser.parse_error,
            encoding=None if raw else self.encoder.encoding,
            errors=self.encoder.encoding_errors,
        )
        writer: asyncio.StreamWriter | None = getattr(self, "_writer", None)
        self._writer = self._reader = None
        if writer is None or writer.transport.is_closing():
            raise ConnectionError("the connection ended meanwhile")
        return RedisWire(writer, self.socket_timeout, reader, on_answer, on_lost)


class RedisWire(asyncio.Protocol):
    """The transport of an open connection. `on_answer` is called with each answer, in the order of
    the commands; what Redis refuses is one that is an exception. `on_lost` is called once, unless
    `close` was.
    """

    def __init__(
        self,
        writer: asyncio.StreamWriter,
        timeout_s: float | None,
        reader: hiredis.Reader,
        on_answer: Callable[[Any], None],
        on_lost: Callable[[Exception], None],
    ) -> None:
        # Kept, for a writer that nobody holds closes its transport.
        self.writer = writer
        self.timeout_s = timeout_s
        self.reader = reader
        self.on_answer = on_answer
        self.on_lost = on_lost
        self.is_open = True
        self.transport = cast(asyncio.Transport, writer.transport)
        self.transport.set_protocol(self)
        self.readable = select.poll()
        self.readable.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)

    def write(self, data: bytes) -> None:
        with lost():
            self.transport.write(data)

    def has_ended(self) -> bool:
        """Whether anything but silence came while no answer was due."""
        return self.transport.is_closing() or bool(self.readable.poll(0))

    def data_received(self, data: bytes) -> None:
        try:
            self.reader.feed(data)
            while self.is_open and (answer := self.reader.gets()) is not False:
                self.on_answer(answer)
        except Exception as why:
            # An answer that nobody can read: no other is found behind it.
            self._lose(why)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(ConnectionError("the connection ended"))

    def close(self) -> None:
        """Ends the connection at once."""
        self.is_open = False
        # One that can't be closed any more has ended.
        with suppress(OSError, RuntimeError):
            self.transport.abort()

    def _lose(self, why: Exception) -> None:
        if self.is_open:
            self.is_open = False
            self.on_lost(why)


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
