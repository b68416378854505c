"""The product itself, in this process and in moved time: calls and sockets by its ASGI application.

Nothing of it is left out but the rows of the database, which nobody here asks for.
"""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from presence.values import Place

Fields = dict[str, Any]
ANYWHERE = "198.51.100.7"


class CallAnswer(NamedTuple):
    status: int
    fields: Fields


class Product:
    """One process of the product, at the limits it comes with."""

    def __init__(self) -> None:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neartalk.settings")
        asgi = import_module("neartalk.asgi")
        self.application = asgi.Application()
        # Built and not started: no round of it reads or writes the database.
        self.application.state = asgi.build()
        self.visitors = 0

    @property
    def registry(self) -> Any:
        return self.application.state["presence"].registry

    def allow(self, rule: str, allowance: int) -> None:
        """As an operator sets a rule."""
        rules = self.application.state["presence"].platform.rules
        rules.stored = {**rules.stored, rule: replace(rules[rule], allowance=allowance)}

    async def call(
        self, method: str, path: str, body: object = None, *, key: str = "", address: str = ANYWHERE
    ) -> CallAnswer:
        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        if key:
            headers.append((b"authorization", f"Bearer {key}".encode()))
        come = {"type": "http.request", "body": json.dumps(body or {}).encode()}
        told: list[Fields] = []
        asked: asyncio.Queue[Fields] = asyncio.Queue()
        asked.put_nowait(come)

        async def send(message: Fields) -> None:
            told.append(message)

        scope = {"type": "http", "http_version": "1.1", "method": method, "headers": headers}
        await self.application({**scope, **located(path, address)}, asked.get, send)
        content = b"".join(one.get("body", b"") for one in told[1:])
        return CallAnswer(told[0]["status"], json.loads(content) if content else {})

    async def visitor(self, address: str = "", name: str = "") -> Prober:
        """Somebody new, without a place; at an address of their own unless one is named."""
        self.visitors += 1
        high, low = divmod(self.visitors, 250)
        address = address or f"203.0.{high}.{low + 1}"
        body = {"username": name or f"Guest {self.visitors}"}
        answer = await self.call("POST", "/api/session/create", body, address=address)
        if answer.status != 201:
            raise CallRefused(answer)
        return Prober(self, answer.fields, address)


class CallRefused(Exception):
    def __init__(self, answer: CallAnswer) -> None:
        super().__init__(answer)
        self.answer = answer


def located(path: str, address: str) -> Fields:
    path, _, query = path.partition("?")
    return {
        "asgi": {"version": "3.0"},
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "server": ("localhost", 80),
        "client": (address, 50_000),
        "state": {},
    }


class Prober:
    """A session, and what a client does with it."""

    def __init__(self, product: Product, fields: Fields, address: str) -> None:
        self.product = product
        self.key = str(fields["session_id"])
        self.person_id = str(fields["person_id"])
        self.name = str(fields["username"])
        self.address = address

    async def call(self, method: str, path: str, body: object = None) -> CallAnswer:
        return await self.product.call(method, path, body, key=self.key, address=self.address)

    async def publish(self, place: Place) -> CallAnswer:
        """Tells where they are; the answer, also where it is a refusal."""
        lat, lon = import_module("presence.geo").centre(place.cell)
        body = {"lat": lat, "lon": lon, "radius": place.radius_m}
        return await self.call("POST", "/api/location/update", body)

    async def insist(self, place: Place) -> Fields:
        """Tells it as soon as the limits let it."""
        while (answer := await self.publish(place)).status != 200:
            if answer.status != 429:
                raise CallRefused(answer)
            await asyncio.sleep(float(answer.fields["retry_after"]))
        return answer.fields

    async def listed(self) -> dict[str, int]:
        """The metres of the label of everybody whom they are shown."""
        answer = await self.call("GET", "/api/nearby")
        if answer.status != 200:
            raise CallRefused(answer)
        return {one["person_id"]: one["metres"] for one in answer.fields["people"]}

    async def read(self) -> list[Fields]:
        """The messages that they are shown."""
        answer = await self.call("GET", "/api/messages")
        if answer.status != 200:
            raise CallRefused(answer)
        return list(answer.fields["messages"])

    async def leave(self) -> None:
        await self.call("POST", "/api/session/leave")

    def open(self, path: str = "/ws") -> ProberSocket:
        return ProberSocket(self, path)


class ProberSocket:
    """An open socket in JSON. `frames` are those that came; `list` is what they make of people."""

    def __init__(self, visitor: Prober, path: str) -> None:
        self.visitor = visitor
        self.frames: list[Fields] = []
        self.list = import_module("chat.devtools").PeopleList()
        self.closed: int | None = None
        self.news = asyncio.Event()
        self.inbox: asyncio.Queue[Fields] = asyncio.Queue()
        self.inbox.put_nowait({"type": "websocket.connect"})
        headers = [
            (b"host", b"localhost"),
            (b"authorization", f"Bearer {visitor.key}".encode()),
        ]
        scope = {"type": "websocket", "subprotocols": ["neartalk.json"], "headers": headers}
        scope |= located(path, visitor.address)
        application = visitor.product.application
        self.task = asyncio.ensure_future(application(scope, self.inbox.get, self._receive))

    async def _receive(self, message: Fields) -> None:
        if message["type"] == "websocket.close":
            self.closed = message["code"]
        elif message["type"] == "websocket.send":
            for frame in parts_of(json.loads(message["text"])):
                self.frames.append(frame)
                if frame["type"] in {"people", "people.changed"} and not self.list.apply(frame):
                    self.send("people")
        self.news.set()

    def send(self, kind: str, **fields: Any) -> None:
        text = json.dumps({"type": kind, **fields})
        self.inbox.put_nowait({"type": "websocket.receive", "text": text})

    async def expect(self, kind: str, within_s: float = 30) -> Fields:
        """The first frame of a kind, which may have come already."""
        async with asyncio.timeout(within_s):
            while True:
                for frame in self.frames:
                    if frame["type"] == kind:
                        return frame
                self.news.clear()
                await self.news.wait()

    async def close(self) -> None:
        self.inbox.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await self.task


def parts_of(found: Any) -> list[Fields]:
    """The frames of what came at once."""
    return list(found) if isinstance(found, list) else [found]
