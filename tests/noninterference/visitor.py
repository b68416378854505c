"""Somebody in a world: calls and sockets of the whole application, without a server around it."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.noninterference.scene import ROUGH

if TYPE_CHECKING:
    from tests.noninterference.world import LedWorld

# What a device says of itself in each call, by person: in one world and in the others.
DEVICES = (
    ("Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0", "de-DE,de;q=0.9"),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) Version/26.1 Mobile/1",
        "de-CH, de;q=0.8, ar;q=0.2",  # each reads their own frames in one language
    ),
)
# Whoever comes back names a mark that is as old as any may be: marks tell of tiles (see oracles).
RESUME_MS = 15_000
HOST = b"near.example"
ORIGIN = "http://near.example"


@dataclass(frozen=True)
class WholeAnswer:
    status: int
    headers: list[tuple[str, str]]
    body: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class WorldClient:
    """Calls over HTTP, from one address, with the cookies that were set. `as_page`: as HTMX calls,
    with our cookies; else with a bearer."""

    def __init__(self, world: LedWorld, name: str, address: str, *, as_page: bool) -> None:
        self.world, self.name, self.address, self.as_page = world, name, address, as_page
        self.cookies: dict[str, str] = {}
        self.key = ""

    def headers(self, **more: str) -> list[tuple[bytes, bytes]]:
        agent, language = DEVICES[self.world.device]
        sent = {
            "user-agent": agent,
            "accept-language": language,
            "sec-ch-ua-platform": '"Linux"' if self.world.device else '"iOS"',
            "x-forwarded-for": self.address,
            **more,
        }
        if self.as_page:
            sent |= {"origin": ORIGIN}
            if self.cookies:
                sent["cookie"] = "; ".join("=".join(one) for one in self.cookies.items())
        elif self.key:
            sent["authorization"] = f"Bearer {self.key}"
        return [(b"host", HOST), *((name.encode(), value.encode()) for name, value in sent.items())]

    def scope(self, kind: str, path: str, **more: str) -> dict[str, Any]:
        path, _, query = path.partition("?")
        return {
            "type": kind,
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http" if kind == "http" else "ws",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": self.headers(**more),
            "client": ("127.0.0.1", 40_000),
            "server": ("near.example", 80),
        }

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> WholeAnswer:
        """One call; its answer is what this person reads."""
        more, content = self.body(body)
        if self.as_page and not path.startswith("/admin"):
            more["hx-request"] = "true"
        if token := self.cookies.get("csrftoken"):
            more["x-csrftoken"] = token
        scope = self.scope("http", path, **more) | {"method": method}
        observations = self.world.observations
        began = observations.loop.turn
        answer = await self.world.answer(scope, content)
        self.keep_cookies(answer)
        text = f"{answer.status} {answer.headers} {answer.body}"
        turns = observations.loop.turn - began
        observations.add(self.name, f"answer to {method} {path}", text, turns)
        return answer

    def body(self, body: dict[str, Any] | None) -> tuple[dict[str, str], bytes]:
        if body is None:
            return {}, b""
        if self.as_page:
            content = urlencode(body).encode()
            kind = "application/x-www-form-urlencoded"
        else:
            content, kind = json.dumps(body).encode(), "application/json"
        return {"content-type": kind, "content-length": str(len(content))}, content

    def keep_cookies(self, answer: WholeAnswer) -> None:
        for name, value in answer.headers:
            if name == "set-cookie":
                cookie, _, kept = value.partition(";")[0].partition("=")
                self.cookies[cookie] = kept.strip('"')
                if not self.cookies[cookie]:
                    del self.cookies[cookie]


class SocketEnd:
    """The client's end of a socket: `sent` goes to the application, `frames` came from it."""

    def __init__(self, client: WorldClient, path: str, subprotocol: str | None) -> None:
        self.client, self.what = client, f"frame of {path.partition('?')[0]}"
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.frames: list[str] = []
        self.open = True
        scope = client.scope("websocket", path)
        scope |= {"subprotocols": [subprotocol] if subprotocol else []}
        self.sent.put_nowait({"type": "websocket.connect"})
        world = client.world
        self.task = asyncio.create_task(world.application(scope, self.sent.get, self.write))

    async def write(self, message: dict[str, Any]) -> None:
        text = message.get("text") or json.dumps({**message, "type": message["type"]})
        self.client.world.observations.add(self.client.name, self.what, text)
        if "text" in message:
            self.frames.append(text)
        if message["type"] == "websocket.close" and self.open:
            self.open = False
            self.sent.put_nowait({"type": "websocket.disconnect", "code": message["code"]})

    def send(self, frame: dict[str, Any] | str) -> None:
        text = frame if isinstance(frame, str) else json.dumps(frame)
        if self.open:
            self.sent.put_nowait({"type": "websocket.receive", "text": text})

    async def close(self) -> None:
        if self.open:
            self.open = False
            self.sent.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await asyncio.gather(self.task, return_exceptions=True)


class WorldVisitor(WorldClient):
    """A person of the world, who stands in one of three places and has at most two sockets."""

    def __init__(self, world: LedWorld, number: int) -> None:
        self.number = number
        super().__init__(
            world, f"person {number}", f"203.0.113.{10 + number}", as_page=number % 2 == 1
        )
        self.person_id = ""
        self.place = 0
        self.radius_m = 1000
        self.roughness = "block"
        self.socket: SocketEnd | None = None
        self.signal: SocketEnd | None = None
        self.sent_refs = 0

    # ---- What a person may know --------------------------------------------------------------

    @property
    def read(self) -> str:
        """All that came on the socket that is open."""
        return "\n".join(self.socket.frames) if self.socket else ""

    def last(self, pattern: str) -> str:
        """What was read last of a kind, "" where nothing was."""
        found = re.findall(pattern, unescape(self.read))
        return str(found[-1]) if found else ""

    @property
    def epoch(self) -> str:
        return self.last(r'"epoch":\s*"(\w+)"') or self.last(r'data-epoch="(\w+)"')

    @property
    def message_ids(self) -> list[str]:
        return [*dict.fromkeys(re.findall(r"\d{13}-\d+\.[0-9a-f]{8}", self.read))]

    @property
    def acked_ids(self) -> list[str]:
        """What they said themselves on the socket that is open."""
        acks = r'"chat.ack",[^}]*"id":"([^"]+)"|class="ack"[^>]*data-id="([^"]+)"'
        return [id or other for id, other in re.findall(acks, self.read)]

    @property
    def peers(self) -> dict[str, str]:
        """Who is listed in voice, and how they stand with this person."""
        frames = [json.loads(text) for text in self.signal.frames] if self.signal else []
        lists = [frame["peers"] for frame in frames if frame["type"] == "voice.peers"]
        return {one["person_id"]: one["state"] for one in lists[-1]} if lists else {}

    # ---- Steps that several acts share -------------------------------------------------------

    async def begin(self, name: str) -> None:
        """A new session, in a place."""
        self.cookies.pop("neartalk", None)
        self.key = ""
        if self.as_page:
            await self.call("GET", "/")
        made = await self.call("POST", "/api/session/create", {"username": name})
        if made.status != 201:
            return
        if self.as_page:
            self.key = self.cookies["neartalk"]
        else:
            self.key = made.json["session_id"]
        self.world.met(self)
        await self.update_place()
        if self.as_page:
            await self.call("GET", "/near")

    async def update_place(self) -> WholeAnswer:
        lat, lon = self.world.scene.stand(self.number, self.place)
        place: dict[str, Any] = {"lat": lat, "lon": lon, "radius": self.radius_m}
        if self.number in ROUGH:
            place["roughness"] = self.roughness
        return await self.call("POST", "/api/location/update", place)

    async def open_socket(self, *, resume: bool = False) -> None:
        query = f"?since={self.world.now_ms - RESUME_MS}&epoch={self.epoch}" if resume else ""
        if self.socket:
            await self.socket.close()
        self.socket = SocketEnd(self, f"/ws{query}", None if self.as_page else "neartalk.v1.json")

    async def open_signal(self) -> None:
        if self.signal:
            await self.signal.close()
        self.signal = SocketEnd(self, "/signal", "neartalk.v1.json")

    async def close_sockets(self) -> None:
        for end in (self.socket, self.signal):
            if end:
                await end.close()
        self.socket = self.signal = None

    def next_ref(self) -> str:
        self.sent_refs += 1
        return f"ref-{self.number}-{self.sent_refs:06}"

    def send_text(self, text: str) -> None:
        if self.socket:
            self.socket.send({"type": "chat.send", "text": text, "ref": self.next_ref()})
