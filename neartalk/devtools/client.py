"""What a program needs to take part by the public API: calls with a bearer, and sockets that come
back by themselves, as those of the page do. Nothing of the server is imported.
"""

import asyncio
import itertools
import json
import random
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

Frame = dict[str, Any]

TIMEOUT_S = 30.0
OPENING_S = 10.0
# As static/js/server/connection.js: try again after these, end after every other.
AGAIN = {1005, 1006, 1011, 1012, 1013}


def delay_s(attempt: int) -> float:
    """As static/js/server/backoff.js."""
    return random.uniform(0.1, min(30.0, 2.0**attempt))


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


class Denied(Exception):
    """A call was refused: with which code, and after how many seconds to try again (0: do not)."""

    def __init__(self, code: str, retry_after: int) -> None:
        super().__init__(code)
        self.code, self.retry_after = code, retry_after


class Api:
    """The calls of any number of people. `doors` are servers' addresses, taken in turn."""

    def __init__(self, doors: Sequence[str]) -> None:
        self.doors = itertools.cycle(doors)
        # It drops an idle connection long before the server does, so that no call meets that.
        limits = httpx.Limits(max_connections=32, keepalive_expiry=1)
        self.http = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, limits=limits)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *why: object) -> None:
        await self.http.aclose()

    async def call(self, method: str, path: str, key: str = "", **body: Any) -> Frame:
        """What it answers. Raises Denied, httpx.HTTPError."""
        headers = bearer(key) if key else {}
        content = body if method != "GET" else None
        answer = await self.http.request(
            method, next(self.doors) + path, json=content, headers=headers
        )
        if answer.is_error:
            raise denied(answer)
        return dict(answer.json()) if answer.content else {}


def denied(answer: httpx.Response) -> Denied:
    """What a refusal says; one that is not ours is a proxy's."""
    try:
        said = answer.json()
        return Denied(said["code"], said.get("retry_after", 0))
    except (ValueError, KeyError, TypeError):
        return Denied(f"http-{answer.status_code}", 1)


class Close(NamedTuple):
    """The end of one connection."""

    code: int
    at_s: float


class Line:
    """One socket of a session, open until `close`: after a loss it comes back by itself, at the
    next of the servers' addresses (`doors`).

    A line that hears nothing for `dead_s` seconds, not even an answer to its ping, is lost.
    `codes` counts refusals, `closes` are the ends of its connections; `ended` is the close code
    after which nothing is tried.
    """

    path: str
    subprotocols: Sequence[Subprotocol] | None = None

    def __init__(self, key: str, doors: Sequence[str], *, dead_s: float = 25.0) -> None:
        self.key = key
        self.doors = [f"ws{door.removeprefix('http')}" for door in doors]
        self.door = 0
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

    # ---- What a kind of line adds ------------------------------------------------------------

    def query(self) -> str:
        """What follows the path."""
        return ""

    def opened(self) -> None:
        """A new socket is open."""

    def handle(self, frame: Frame) -> None:
        """A frame of the server arrived."""
        raise NotImplementedError

    # ---- Its life ----------------------------------------------------------------------------

    def open(self) -> None:
        """Begins, or begins anew in place of what it did."""
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
        """The connection is gone at once, without a word to the other side."""
        for ws in (self.ws, self.vanished):
            if ws:
                ws.transport.abort()

    def vanish(self) -> None:
        """From now on it neither reads nor answers nor closes, as a phone out of reach."""
        if self.ws and self.task:
            self.ws.transport.pause_reading()
            self.vanished, self.ws = self.ws, None
            self.task.cancel()

    def wake(self) -> None:
        """The network is back: a waiting try need not wait longer."""
        self.woken.set()

    def write(self, kind: str, **fields: Any) -> bool:
        """Sends a frame if there is a socket; says whether there is."""
        if self.ws is None:
            return False
        self.beside(self._send(self.ws, json.dumps({"type": kind, **fields})))
        return True

    def beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs as long as the line does."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    # ---- Steps -------------------------------------------------------------------------------

    async def _live(self) -> None:
        attempt = 0
        while not self.ended:
            if await self._connected():
                attempt = 0
            self.door += 1
            self.woken.clear()
            try:
                async with asyncio.timeout(delay_s(attempt)):
                    await self.woken.wait()
            except TimeoutError:
                attempt += 1

    async def _connected(self) -> bool:
        """One connection, from its opening to its end; whether the server spoke at all."""
        door = self.doors[self.door % len(self.doors)]
        try:
            async with asyncio.timeout(OPENING_S):
                ws = await connect(
                    f"{door}{self.path}{self.query()}",
                    additional_headers=bearer(self.key),
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
            return await self._hear(ws)
        finally:
            if self.ws is ws:
                self.ws = None
                ws.transport.abort()

    async def _hear(self, ws: ClientConnection) -> bool:
        spoke = False
        try:
            while True:
                heard = json.loads(await self._next(ws))
                spoke = True
                for frame in heard if isinstance(heard, list) else [heard]:
                    self.handle(frame)
        except TimeoutError:
            return spoke
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
            self.closes.append(Close(code, asyncio.get_running_loop().time()))
            if code not in AGAIN:
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
