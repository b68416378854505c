"""What this process is subscribed to at one Redis, on a connection that is opened again when it is
lost: what was published meanwhile is not told."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from redis import exceptions

from neartalk.redis.connection import LostAlike, RedisWire
from neartalk.redis.pipeline import Answer, pack, settle
from neartalk.redis.refusals import refusal_log, refusal_of

log = logging.getLogger("neartalk.redis")

# How often the connection is looked at, and opened again where it was lost.
CHECK_S = 0.5
# A connection that answers nothing for so long is lost. A loop that is late reads sooner than that.
SILENT_S = 10.0


class Subscriber:
    """`on_message` is called with the name of a channel and what was published there. `names` are
    the channels that are asked for, `refused` those of them that Redis refused, `asked` the answers
    that are due, in their order."""

    def __init__(
        self, make: Callable[[], LostAlike], on_message: Callable[[str, bytes], None]
    ) -> None:
        self.make = make
        self.on_message = on_message
        self.names: set[str] = set()
        self.refused: dict[str, None] = {}
        self.asked: deque[Answer] = deque()
        self.wire: RedisWire | None = None
        self.opening: asyncio.Task[None] | None = None
        self.watching: asyncio.Task[None] | None = None

    async def subscribe(self, name: str) -> None:
        """Returns once messages come. Where the connection is lost they do once it is there again;
        where Redis refuses it, once it no longer does.

        Raises what `unknown_when_lost` takes.
        """
        self.names.add(name)
        if self.watching is None:
            self.watching = asyncio.create_task(self._watch())
        if self.wire:
            await self._subscribe(name)
        else:
            await self._opened()

    async def unsubscribe(self, name: str) -> None:
        """Raises what `unknown_when_lost` takes."""
        self.forget(name)
        if self.wire:
            await self._ask("UNSUBSCRIBE", name)

    def forget(self, name: str) -> None:
        """It is not subscribed to anew."""
        self.names.discard(name)
        self.refused.pop(name, None)

    async def aclose(self) -> None:
        tasks = [task for task in (self.watching, self.opening) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.watching = None
        self.names.clear()
        wire, self.wire = self.wire, None
        if wire:
            wire.close()
        self._fail_asked(exceptions.ConnectionError("closed"))

    # ---- The connection ----------------------------------------------------------------------

    async def _watch(self) -> None:
        """Opens the connection again, and finds one that is lost without a word."""
        while True:
            await asyncio.sleep(CHECK_S)
            try:
                async with asyncio.timeout(SILENT_S):
                    await (self._check() if self.wire else self._opened())
            except Exception as why:
                # Whatever it was: what nobody watches would be deaf for good.
                self._lose(why)

    async def _check(self) -> None:
        """Finds that Redis answers: a refusal is an answer too. What it refused before it is asked
        again, one name a time until it grants one."""
        with suppress(exceptions.ResponseError):
            await self._ask("PING")
        if self.refused:
            name = next(iter(self.refused))
            await self._subscribe(name)
            if name not in self.refused:
                await asyncio.gather(*map(self._subscribe, [*self.refused]))

    async def _opened(self) -> None:
        """The connection is opened once, whoever waits for it, and whoever no longer does."""
        if self.opening is None:
            self.opening = asyncio.create_task(self._open())
            self.opening.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(self.opening)

    async def _open(self) -> None:
        try:
            connection = self.make()
            await connection.connect()
            self.wire = connection.wire(self._receive, self._lose, raw=True)
            await asyncio.gather(*map(self._subscribe, self.names))
        finally:
            self.opening = None

    async def _subscribe(self, name: str) -> None:
        self.refused.pop(name, None)
        if name not in self.names:
            return
        try:
            await self._ask("SUBSCRIBE", name)
        except exceptions.ResponseError as why:
            if name in self.names:
                self.refused[name] = None
            note_refusal(why)

    def _ask(self, *command: str) -> Answer:
        answer: Answer = asyncio.get_running_loop().create_future()
        if self.wire is None:
            answer.set_exception(exceptions.ConnectionError("the connection ended meanwhile"))
            return answer
        self.asked.append(answer)
        try:
            self.wire.write(pack(command))
        except Exception as why:
            self._lose(why)
        return answer

    def _receive(self, said: Any) -> None:
        """A message, or the answer to the oldest command."""
        if isinstance(said, list) and said[0] == b"message":
            self.on_message(said[1].decode(), said[2])
        elif self.asked:
            settle(self.asked.popleft(), said)

    def _lose(self, why: Exception) -> None:
        wire, self.wire = self.wire, None
        if wire:
            wire.close()
            log.warning("what others tell is found by polls", extra={"error": type(why).__name__})
        note_refusal(why)
        self._fail_asked(why)

    def _fail_asked(self, why: Exception) -> None:
        asked, self.asked = self.asked, deque()
        for answer in asked:
            settle(answer, why)


def note_refusal(why: Exception) -> None:
    if word := refusal_of(why):
        refusal_log.note(word)
