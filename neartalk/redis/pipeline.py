"""Sends commands of the same moment together: one write, and an answer for each.

A connection of the pool, a write and a timeout for every command cost several times as much as
the command itself.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import hiredis
from redis import exceptions
from redis.asyncio.connection import AbstractConnection

# So many commands wait while others are in flight; more are refused.
WAITING_MAX = 10_000
# A connection that was idle for longer may have ended meanwhile.
IDLE_S = 0.01
# uvloop raises RuntimeError where a connection ends while it is written to.
LOST = (exceptions.RedisError, OSError, RuntimeError)

Command = tuple[str | int, ...]
Answer = asyncio.Future[Any]
Sent = tuple[bytes, Answer]

pack = cast(Callable[[Command], bytes], hiredis.pack_command)


class Pipeline:
    """One connection of a process to Redis. Nothing is sent twice.

    The first command is sent at once. Commands that come while it is in flight wait, and are sent
    together when it is answered, but not sooner than `flush_interval_s` after it. A lost connection
    is opened again for the next command.
    """

    flush_interval_s = 0.002

    def __init__(self, make: Callable[[], AbstractConnection]) -> None:
        """`make` makes a connection of redis-py, not open yet."""
        self.make = make
        self.connection: AbstractConnection | None = None
        self.timeout_s: float | None = None
        self.left_s = self.answered_s = 0.0
        self.waiting: list[Sent] = []
        self.in_flight: list[Sent] = []
        self.flushing: asyncio.Task[None] | None = None

    def send(self, *command: str | int) -> Answer:
        """The future answer. A command that is cancelled before it was sent is not sent.

        The answer raises ResponseError of redis for a refusal of this command alone, and where
        nobody knows whether it was carried out its ConnectionError or Python's TimeoutError;
        ConnectionError too where so many wait that it was not.
        """
        packed = pack(command)
        answer = asyncio.get_running_loop().create_future()
        if len(self.waiting) < WAITING_MAX:
            self.waiting.append((packed, answer))
            if self.flushing is None:
                self.flushing = asyncio.create_task(self._flush_all())
        else:
            settle(answer, exceptions.ConnectionError("too many commands are waiting"))
        return answer

    async def aclose(self) -> None:
        if self.flushing:
            self.flushing.cancel()
            await asyncio.gather(self.flushing, return_exceptions=True)
        self._fail(self.in_flight, exceptions.ConnectionError("closed"))
        self._fail(self.waiting, exceptions.ConnectionError("closed"))
        await self._close()

    async def _flush_all(self) -> None:
        try:
            while self.waiting:
                await self._wait_for_more()
                self.in_flight = [sent for sent in self.waiting if not sent[1].done()]
                self.waiting = []
                try:
                    await self._exchange(await self._open())
                except Exception as why:
                    # Whatever it was is theirs who wait: they would wait for good.
                    self._fail(self.in_flight, why)
                    await self._close()
        finally:
            self.flushing = None

    async def _wait_for_more(self) -> None:
        """Waits for commands that come soon: a write costs more than the commands in it."""
        loop = asyncio.get_running_loop()
        if (early_s := self.left_s + self.flush_interval_s - loop.time()) > 0:
            await asyncio.sleep(early_s)
        self.left_s = loop.time()

    async def _exchange(self, connection: AbstractConnection) -> None:
        """Writes all commands and reads their answers; a lost one may have been executed."""
        packed = b"".join([command for command, _ in self.in_flight])
        async with asyncio.timeout(self.timeout_s):
            await connection.send_packed_command(packed)
            for _, answer in self.in_flight:
                try:
                    settle(answer, await connection.read_response())
                except exceptions.ResponseError as refused:
                    settle(answer, refused)
        self.in_flight.clear()
        self.answered_s = asyncio.get_running_loop().time()

    async def _open(self) -> AbstractConnection:
        if self.connection and await self._has_ended(self.connection):
            await self._close()
        if self.connection is None:
            connection = self.make()
            try:
                await connection.connect()
            except LOST as why:
                raise exceptions.ConnectionError(f"no connection: {why}") from why
            # One timer for all commands of a write, not one for each.
            self.timeout_s, connection.socket_timeout = connection.socket_timeout, None
            self.connection = connection
        return self.connection

    async def _has_ended(self, connection: AbstractConnection) -> bool:
        if asyncio.get_running_loop().time() - self.answered_s < IDLE_S:
            return False
        try:
            return bool(await connection.can_read_destructive())
        except LOST:
            return True

    async def _close(self) -> None:
        connection, self.connection = self.connection, None
        if connection:
            # One that can't be closed any more has ended.
            with suppress(*LOST):
                await connection.disconnect(nowait=True)

    def _fail(self, sent: list[Sent], why: Exception) -> None:
        for _, answer in sent:
            settle(answer, why)
        sent.clear()


def settle(answer: Answer, said: Any) -> None:
    """Sets an answer or error, unless it is done: whoever waited was cancelled."""
    if answer.done():
        return
    if isinstance(said, Exception):
        answer.set_exception(said)
    else:
        answer.set_result(said)
