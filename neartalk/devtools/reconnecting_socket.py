"""A WebSocket that reconnects by itself, as the page's does. Nothing of the server is imported."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from neartalk.devtools.api import Frame, bearer, sent_by

OPENING_S = 10.0
# As static/js/server/close-codes.js: end after these, try again after every other.
FINAL = {4401, 4403, 4409, 4410, 4411}


def delay_s(attempt: int) -> float:
    """As static/js/server/backoff.js."""
    return random.uniform(0.1, min(30.0, 2.0**attempt))


class Close(NamedTuple):
    """The end of one connection."""

    code: int
    at_s: float


class ReconnectingSocket:
    """A WebSocket of a session that reconnects until `close`, to each of `server_urls` in turn.

    A connection on which nothing comes for `dead_s` seconds, not even an answer to a ping, is lost.
    `codes` counts refusals, `closes` are the ends of its connections; `ended` is the close code
    after which it does not reconnect.
    """

    path: str
    subprotocols: Sequence[Subprotocol] | None = None

    def __init__(self, key: str, server_urls: Sequence[str], *, dead_s: float = 25.0) -> None:
        self.key = key
        self.server_urls = [f"ws{url.removeprefix('http')}" for url in server_urls]
        self.url_turn = 0
        self.address = ""
        self.dead_s = dead_s
        self.ws: ClientConnection | None = None
        self.vanished: ClientConnection | None = None
        self.task: asyncio.Task[None] | None = None
        self.tasks: set[asyncio.Task[None]] = set()
        self.woken = asyncio.Event()
        self.codes: Counter[str] = Counter()
        self.closes: list[Close] = []
        self.connections = 0
        self.ended = 0

    # ---- What a subclass adds ------------------------------------------------------------

    def query(self) -> str:
        """What follows the path."""
        return ""

    def opened(self) -> None:
        """A new socket is open."""

    def receive(self, frame: Frame) -> None:
        """A frame has come."""
        raise NotImplementedError

    # ---- Its life ----------------------------------------------------------------------------

    def open(self) -> None:
        """Connects, or connects anew in place of the connection it has."""
        if self.task:
            self.task.cancel()
        self.task = asyncio.create_task(self._live())

    async def close(self) -> None:
        tasks = [task for task in (self.task, *self.tasks) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.drop()

    def drop(self) -> None:
        """Aborts the connection without a close frame."""
        for ws in (self.ws, self.vanished):
            if ws:
                ws.transport.abort()

    def vanish(self) -> None:
        """Neither reads nor answers nor closes from now on, like a phone out of reach."""
        if self.ws and self.task:
            self.ws.transport.pause_reading()
            self.vanished, self.ws = self.ws, None
            self.task.cancel()

    def wake(self) -> None:
        """Ends the wait before the next try: the network is back."""
        self.woken.set()

    def write(self, kind: str, **fields: Any) -> bool:
        """Sends a frame if it is connected; returns whether it is."""
        if self.ws is None:
            return False
        self.beside(self._send(self.ws, json.dumps({"type": kind, **fields})))
        return True

    def beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs as long as the socket does."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    # ---- Steps -------------------------------------------------------------------------------

    async def _live(self) -> None:
        attempt = 0
        while not self.ended:
            if await self._connected():
                attempt = 0
            self.url_turn += 1
            self.woken.clear()
            try:
                async with asyncio.timeout(delay_s(attempt)):
                    await self.woken.wait()
            except TimeoutError:
                attempt += 1

    async def _connected(self) -> bool:
        """One connection, from its opening to its end; whether the server spoke at all."""
        url = self.server_urls[self.url_turn % len(self.server_urls)]
        try:
            async with asyncio.timeout(OPENING_S):
                ws = await connect(
                    f"{url}{self.path}{self.query()}",
                    additional_headers={**bearer(self.key), **sent_by(self.address)},
                    subprotocols=self.subprotocols,
                    compression=None,
                    ping_interval=None,
                    proxy=None,
                    open_timeout=None,
                    close_timeout=1,
                )
        except (OSError, EOFError, TimeoutError, InvalidHandshake):
            return False
        self.ws = ws
        self.connections += 1
        try:
            self.opened()
            return await self._receive_all(ws)
        finally:
            if self.ws is ws:
                self.ws = None
                ws.transport.abort()

    async def _receive_all(self, ws: ClientConnection) -> bool:
        spoke = False
        try:
            while True:
                received = json.loads(await self._next(ws))
                spoke = True
                for frame in received if isinstance(received, list) else [received]:
                    self.receive(frame)
        except TimeoutError:
            return spoke
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
            self.closes.append(Close(code, asyncio.get_running_loop().time()))
            if code in FINAL:
                self.ended = code
            return spoke

    async def _next(self, ws: ClientConnection) -> str | bytes:
        """Raises TimeoutError, ConnectionClosed."""
        try:
            async with asyncio.timeout(0.8 * self.dead_s):
                return await ws.recv()
        except TimeoutError:
            self.write("ping")
        async with asyncio.timeout(0.2 * self.dead_s):
            return await ws.recv()

    async def _send(self, ws: ClientConnection, frame: str) -> None:
        try:
            await ws.send(frame)
        except ConnectionClosed:
            return  # whoever needs it sends it again
