"""Sends commands of the same moment together: one write, and an answer for each.

A connection of the pool, a write and a timeout for every command cost several times as much as
the command itself; a task for every write, and streams around it, ten times as much.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import hiredis
from redis import exceptions

from neartalk.redis.connection import LostAlike, RedisWire

# So many commands wait while others are in flight; more are refused.
WAITING_MAX = 10_000
# A connection that was idle for longer may have ended meanwhile.
IDLE_S = 0.01
# After a write of so few commands nobody is waited for: it cost less than to sleep and wake up.
FEW = 3
# uvloop raises RuntimeError where a connection ends while it is written to.
LOST = (exceptions.RedisError, OSError, RuntimeError)

Command = tuple[str | int, ...]
Answer = asyncio.Future[Any]
Sent = tuple[bytes, Answer]

pack = cast(Callable[[tuple[str | int | bytes, ...]], bytes], hiredis.pack_command)


class Pipeline:
    """One connection of a process to Redis. Nothing is sent twice.

    The first command is sent at once. Commands that come while it is in flight wait, and are sent
    together when it is answered, but where many ask not sooner than `flush_interval_s` after it. A
    lost connection is opened again for the next command.
    """

    flush_interval_s = 0.002

    def __init__(self, make: Callable[[], LostAlike]) -> None:
        """`make` makes a connection of redis-py, not open yet."""
        self.make = make
        self.wire: RedisWire | None = None
        self.next_s = self.answered_s = 0.0
        self.waiting: list[Sent] = []
        self.in_flight: list[Sent] = []
        self.answered = 0
        self.flushing: asyncio.Handle | None = None
        self.late: asyncio.Handle | None = None
        self.opening: asyncio.Task[None] | None = None

    def send(self, *command: str | int | bytes) -> Answer:
        """The future answer. A command that is cancelled before it was sent is not sent.

        The answer raises ResponseError of redis for a refusal of this command alone, and where
        nobody knows whether it was carried out its ConnectionError or Python's TimeoutError;
        ConnectionError too where so many wait that it was not.
        """
        packed = pack(command)
        answer = asyncio.get_running_loop().create_future()
        if len(self.waiting) < WAITING_MAX:
            self.waiting.append((packed, answer))
            self._flush_soon()
        else:
            settle(answer, exceptions.ConnectionError("too many commands are waiting"))
        return answer

    async def aclose(self) -> None:
        if self.flushing:
            self.flushing.cancel()
            self.flushing = None
        if self.opening:
            self.opening.cancel()
            await asyncio.gather(self.opening, return_exceptions=True)
        closed = exceptions.ConnectionError("closed")
        self._fail(self.waiting, closed)
        self._lose(closed)

    # ---- Commands leave ----------------------------------------------------------------------

    def _flush_soon(self) -> None:
        """Waits for commands that come soon: a write costs more than the commands in it."""
        if self.flushing or self.opening or self.in_flight or not self.waiting:
            return
        loop = asyncio.get_running_loop()
        if self.next_s > loop.time():
            self.flushing = loop.call_at(self.next_s, self._flush)
        else:
            self.flushing = loop.call_soon(self._flush)

    def _flush(self) -> None:
        self.flushing = None
        self.in_flight = [sent for sent in self.waiting if not sent[1].done()]
        self.waiting = []
        if not self.in_flight:
            return
        now_s = asyncio.get_running_loop().time()
        self.next_s = now_s + self.flush_interval_s if len(self.in_flight) > FEW else 0.0
        if self.wire and now_s - self.answered_s > IDLE_S and self.wire.has_ended():
            self._close()
        if self.wire:
            self._write(self.wire)
        else:
            self.opening = asyncio.create_task(self._open())

    async def _open(self) -> None:
        connection = self.make()
        try:
            await connection.connect()
            self.wire = connection.wire(self._settle_next, self._lose)
        except LOST as why:
            lost = exceptions.ConnectionError(f"no connection: {why}")
            lost.__cause__ = why
            self._lose(lost)
        except Exception as why:
            # Whatever it was is theirs who wait: they would wait for good.
            self._lose(why)
        else:
            self._write(self.wire)
        finally:
            self.opening = None
            self._flush_soon()

    def _write(self, wire: RedisWire) -> None:
        """Writes all commands. A lost one may have been executed."""
        self.answered = 0
        if wire.timeout_s:
            loop = asyncio.get_running_loop()
            self.late = loop.call_later(wire.timeout_s, self._lose, TimeoutError())
        try:
            wire.write(b"".join([command for command, _ in self.in_flight]))
        except Exception as why:
            self._lose(why)

    # ---- Answers come ------------------------------------------------------------------------

    def _settle_next(self, said: Any) -> None:
        """Answers the oldest command in flight."""
        if self.answered == len(self.in_flight):
            self._lose(exceptions.InvalidResponse("an answer to nothing"))
            return
        settle(self.in_flight[self.answered][1], said)
        self.answered += 1
        if self.answered == len(self.in_flight):
            self._end_exchange()
            self.answered_s = asyncio.get_running_loop().time()
            self._flush_soon()

    def _lose(self, why: Exception) -> None:
        """The connection has ended, or is given up: what is in flight is lost with it."""
        self._close()
        self._fail(self.in_flight[self.answered :], why)
        self._end_exchange()
        self._flush_soon()

    def _end_exchange(self) -> None:
        self.in_flight, self.answered = [], 0
        if self.late:
            self.late.cancel()
            self.late = None

    def _close(self) -> None:
        wire, self.wire = self.wire, None
        if wire:
            wire.close()

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
