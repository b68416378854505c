"""A push service on loopback: what a browser subscribes with, and what comes for it, decrypted."""

from __future__ import annotations

import asyncio
import json
import os
from base64 import urlsafe_b64encode
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING, Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02, jwt

from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

MEGABYTES_10 = 10_000_000


def encoded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


@dataclass(frozen=True)
class Arrived:
    """One push: its path, its headers, and what it says to its browser."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class PushDevice:
    """A browser's half of a subscription."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def fields(self) -> dict[str, str]:
        """As `PushSubscription.toJSON` has them."""
        public = self.key.public_key()
        point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "p256dh": encoded(point), "auth": encoded(self.auth)}

    def opened(self, push: Arrived) -> str:
        """What it says, as the browser reads it (RFC 8291)."""
        octets: bytes = http_ece.decrypt(push.body, private_key=self.key, auth_secret=self.auth)
        return octets.decode()

    def read(self, push: Arrived) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.opened(push))
        return found


def claims_of(push: Arrived) -> tuple[str, dict[str, Any]]:
    """By which key a push is signed, and what it claims (RFC 8292); the signature holds."""
    scheme, _, parameters = push.headers["authorization"].partition(" ")
    assert scheme == "vapid"
    named = dict(one.split("=", 1) for one in parameters.split(","))
    assert Vapid02.verify(push.headers["authorization"])
    claims: dict[str, Any] = jwt.decode(named["t"], named["k"])
    return named["k"], claims


class PushService:
    """Answers each path as its name says: /201, /410, /hang, /redirect, /large, /close. A
    connection stays as long as its peer does."""

    def __init__(self) -> None:
        self.connections = 0
        self.open: dict[asyncio.Task[Any] | None, asyncio.StreamWriter] = {}
        self.arrived: asyncio.Queue[Arrived] = asyncio.Queue()
        self.origin = ""
        self.closed = asyncio.Event()
        self.cut: list[Exception] = []

    def device(self, path: str = "/201") -> PushDevice:
        return PushDevice(f"{self.origin}{path}")

    def next(self) -> Arrived | None:
        """The next that has come, if any has."""
        return None if self.arrived.empty() else self.arrived.get_nowait()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open[asyncio.current_task()] = writer
        self.closed.clear()
        try:
            while head := await head_of(reader):
                path, headers = headers_of(head)
                body = await reader.readexactly(int(headers["content-length"]))
                self.arrived.put_nowait(Arrived(path, headers, body))
                await self._answer(path, reader, writer)
                await writer.drain()
                if path == "/close":
                    break
        except (ConnectionError, asyncio.IncompleteReadError) as why:
            self.cut.append(why)  # the peer reads no further
        finally:
            writer.close()
            # What it ends with is asked for here: nobody else does.
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)
            del self.open[asyncio.current_task()]
            self.closed.set()

    async def close(self) -> None:
        """Ends the connections that are left."""
        for writer in self.open.values():
            writer.close()
        await asyncio.gather(*(task for task in self.open if task))

    async def _answer(
        self, path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if path == "/hang":
            await reader.read()  # until the peer has enough
        status, more = {
            "/410": ("410 Gone", ""),
            "/404": ("404 Not Found", ""),
            "/500": ("500 Internal Server Error", ""),
            "/redirect": ("307 Temporary Redirect", f"Location: {self.origin}/elsewhere\r\n"),
        }.get(path, ("201 Created", ""))
        length = MEGABYTES_10 if path == "/large" else 0
        head = f"HTTP/1.1 {status}\r\n{more}content-length: {length}\r\n\r\n"
        writer.write(head.encode())
        for _ in range(length // 100_000):
            writer.write(b"x" * 100_000)
            await writer.drain()


def headers_of(head: str) -> tuple[str, dict[str, str]]:
    """The path of a request, and its headers by their names in small letters."""
    request, *lines = head.strip().split("\r\n")
    named = (line.partition(":") for line in lines)
    return request.split(" ")[1], {name.lower(): value.strip() for name, _, value in named}


async def head_of(reader: asyncio.StreamReader) -> str:
    """Of the next request; "" where the peer has none."""
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError as why:
        if why.partial:
            raise
        return ""


@asynccontextmanager
async def push_service() -> AsyncIterator[PushService]:
    service = PushService()
    server = await asyncio.start_server(service.handle, "127.0.0.1", 0)
    service.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield service
    finally:
        server.close()
        await service.close()


@contextmanager
def push_service_beside() -> Iterator[PushService]:
    """The same on a thread of its own, for tests that await nothing."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    running = push_service()
    try:
        yield asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result(WAIT_S)
        asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result(WAIT_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT_S)
        loop.close()
