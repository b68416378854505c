"""People for tests: a session, a place and a socket each, over the real wire.

`async with person(server, *HERE, 500, "alice") as alice:` arrives, and closes whatever it opened.
Frames that a test did not ask for are kept aside in order until it does.
"""

from __future__ import annotations

import itertools
import json
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast
from urllib.parse import urlencode

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from chat.devtools import PeopleList
from presence.geo import CELL_DEGREES, cell_at, centre, label_of
from tests.support.frames_schema import judge_sent
from tests.support.html_elements import parse
from tests.support.prompt_server import PromptServer
from tests.support.waiting import WAIT_S, deadline, for_a_while

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from tests.support.html_elements import Element
    from tests.support.servers import Server

Frame = dict[str, Any]
Spot = tuple[float, float]

# Longer than the coalescer may hold a message back (presence/delivery/window.py).
WINDOW_S = 0.2
JSON = Subprotocol("neartalk.json")

HERE: Spot = centre(cell_at(52.52, 13.4))
NEAR, FAR = 2, 20  # cells further north: 300 m, 3 km
SPOTS = 16  # of a test
_turns = [itertools.count()]
_refs = itertools.count()


def begin(test: int) -> None:
    """From now on `elsewhere` has the spots of this test: the same ones in each run, whichever
    tests the worker had before."""
    _turns[:] = [itertools.count(test * SPOTS)]


def elsewhere() -> Spot:
    """The centre of a cell so far from every other that tests can share a server."""
    east, north = divmod(next(_turns[0]), 200)
    return centre(cell_at(north / 2 - 50.0, east / 2 - 179.3))


def north(spot: Spot, cells: int) -> Spot:
    """So many cells further north, 153 m each: 2 are "~300 m", 20 are 3 km."""
    return spot[0] + cells * CELL_DEGREES, spot[1]


class Door(Protocol):
    """What clients connect to: a server, or a proxy in front of it."""

    @property
    def url(self) -> str: ...

    @property
    def ws_url(self) -> str: ...

    @property
    def tls(self) -> ssl.SSLContext | None: ...


def route_hint(cell: str) -> int:
    """What a client puts into its sockets' URLs as `near`: FNV-1a of the district, 10 bits."""
    hashed = 0x811C9DC5
    for byte in cell[:5].encode():
        hashed = (hashed ^ byte) * 0x01000193 & 0xFFFFFFFF
    return hashed % 1024


@contextmanager
def running(kind: Literal["uvicorn", "daphne"], **env: str) -> Iterator[Server]:
    """A server that the tests of a module share, each of them at its own spot (`elsewhere`)."""
    server = PromptServer(kind, env)
    try:
        yield server.start()
    finally:
        server.close()


def new_ref() -> str:
    return f"ref-{next(_refs):08}"


class Unexpected(AssertionError):
    """Another frame came, or none; the message shows what came."""


class Tab:
    """One open socket, in JSON or (`html`) in the form of the page, read into the same frames.

    `seen` are all frames in the order they came, `aside` those not yet asked for, `raw` the text.
    """

    def __init__(self, socket: ClientConnection, *, html: bool = False) -> None:
        self.socket = socket
        self.html = html
        self.aside: list[Frame] = []
        self.seen: list[Frame] = []
        self.raw: list[str] = []
        self.listing = PeopleList()

    async def send(self, kind: str, **fields: Any) -> None:
        await self.send_raw(json.dumps({"type": kind, **fields}))

    async def send_raw(self, frame: str | bytes) -> None:
        """A frame as it is: str as text, bytes as binary."""
        await self.socket.send(frame)

    async def send_text(self, text: str, ref: str | None = None) -> str:
        """Sends a chat message and waits for the ack; the id of the message."""
        ref = ref or new_ref()
        await self.send("chat.send", text=text, ref=ref)
        return str((await self.expect("chat.ack", ref=ref))["id"])

    async def expect(self, kind: str, **fields: Any) -> Frame:
        """The oldest frame of this type with these fields, aside or within the timeout."""
        try:
            async with deadline(f"{kind} {fields}"):
                while (found := self._pop(kind, fields)) is None:
                    self.aside += await self._receive()
                return found
        except (AssertionError, ConnectionClosed) as why:
            raise Unexpected(f"no {kind} {fields} but {self.aside} ({why!r})") from why

    async def expect_any(self, *kinds: str) -> Frame:
        """The oldest frame of one of these types, aside or within the timeout."""
        async with deadline(f"one of {kinds}"):
            while not (found := [one for one in self.aside if one["type"] in kinds]):
                self.aside += await self._receive()
        self.aside.remove(found[0])
        return found[0]

    async def silent(self, *kinds: str, **fields: Any) -> None:
        """Asserts that no frame of these types (messages by default) is aside or arrives before the
        pong of a ping that is sent when no message can be held back any more."""
        seen = [*self.aside, *await self.quiet()]
        for kind in kinds or ("chat.message",):
            found = [frame for frame in seen if matches(frame, kind, fields)]
            if found:
                raise Unexpected(f"{found} instead of silence")

    async def quiet(self) -> list[Frame]:
        """All that arrives before nothing can be on its way any more; it is kept aside too."""
        fresh: list[Frame] = []
        async with for_a_while(WINDOW_S):
            while True:
                fresh += await self._receive()
        await self.send("ping")
        async with deadline("the pong"):
            while not any(frame["type"] == "pong" for frame in fresh):
                fresh += await self._receive_soon()
        kept = [frame for frame in fresh if frame["type"] != "pong"]
        self.aside += kept
        return kept

    async def texts(self) -> list[str]:
        """The texts of all messages that no `expect` has returned yet, in the order they came."""
        await self.quiet()
        messages = [frame for frame in self.aside if frame["type"] == "chat.message"]
        self.aside = [frame for frame in self.aside if frame["type"] != "chat.message"]
        return [str(message["text"]) for message in messages]

    async def people(self, *names: str) -> Frame:
        """Waits until exactly these are listed as near; earlier frames of people are dropped. The
        list as a whole, whatever frames it came in."""
        async with deadline(f"a list of exactly {names}"):
            while True:
                frame = await self.next_people()
                if sorted(names) == sorted(one["username"] for one in frame["people"]):
                    return frame

    async def next_people(self) -> Frame:
        """The whole list after the next frame of people, which must follow the one before."""
        frame = await self.expect_any("people", "people.changed")
        assert self.listing.apply(frame), f"{frame} does not follow {self.listing.version}"
        return {
            "type": "people",
            "version": self.listing.version,
            "count": self.listing.count,
            "people": self.listing.entries,
        }

    async def closed(self) -> int:
        """Waits for the server to close; the close code. What came before is kept aside."""
        try:
            async with deadline("the server closes"):
                while True:
                    self.aside += await self._receive()
        except ConnectionClosed:
            return cast(int, self.socket.close_code)
        except AssertionError as why:
            raise Unexpected(f"still open, with {self.aside}") from why

    def _pop(self, kind: str, fields: Mapping[str, Any]) -> Frame | None:
        found = next((frame for frame in self.aside if matches(frame, kind, fields)), None)
        if found is not None:
            self.aside.remove(found)
        return found

    async def _receive(self) -> list[Frame]:
        raw = await self.socket.recv(decode=True)
        assert isinstance(raw, str), "only text is ever sent"
        self.raw.append(raw)
        found = frames_of_html(raw) if self.html else json.loads(raw)
        if not self.html:
            judge_sent(found)
        frames = found if isinstance(found, list) else [found]
        self.seen += frames
        return frames

    async def _receive_soon(self) -> list[Frame]:
        async with deadline("any frame"):
            return await self._receive()


class ConnectedPerson(Tab):
    """A session with a place and a socket of its own; `tab()` opens more sockets."""

    welcome: Frame
    mark: int

    def __init__(self, server: Door, http: httpx.AsyncClient, created: Frame, tab: Tab) -> None:
        super().__init__(tab.socket, html=tab.html)
        self.server, self.http = server, http
        self.key = str(created["session_id"])
        self.person_id, self.name = str(created["person_id"]), str(created["username"])

    @property
    def bearer(self) -> Mapping[str, str]:
        return bearer_of(self.key)

    async def move(self, lat: float, lon: float, radius: int) -> dict[str, Any]:
        return await place(self.http, lat, lon, radius)

    async def rename(self, name: str) -> None:
        answer = await self.http.patch("/api/session/username", json={"username": name})
        assert answer.status_code == 200, answer.text
        self.name = name

    async def leave(self) -> None:
        answer = await self.http.post("/api/session/leave")
        assert answer.status_code == 204, answer.text

    async def messages(self, **query: str) -> list[dict[str, Any]]:
        """The messages that GET /api/messages answers."""
        answer = await self.http.get("/api/messages", params=query)
        assert answer.status_code == 200, answer.text
        return cast(list[dict[str, Any]], answer.json()["messages"])

    @asynccontextmanager
    async def tab(self, *, html: bool = False, **query: str | int) -> AsyncIterator[Tab]:
        """Another socket of the same person, for example with `since` and `epoch`."""
        async with listening(self.server, self.bearer, html=html, **query) as tab:
            yield tab


@asynccontextmanager
async def person(
    server: Door,
    lat: float,
    lon: float,
    radius: int = 500,
    name: str | None = None,
    *,
    html: bool = False,
    address: str = "",
    **query: str | int,
) -> AsyncIterator[ConnectedPerson]:
    """A person with a session, a place and a live socket. History was replayed (its messages are
    aside); all that is sent from now on arrives. `address` is their X-Forwarded-For."""
    network = {"X-Forwarded-For": address} if address else {}
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(api(server, headers=network))
        created = await session(http, name)
        http.headers.update(bearer_of(created["session_id"]))
        await place(http, lat, lon, radius)
        headers = bearer_of(created["session_id"]) | network
        tab = await stack.enter_async_context(listening(server, headers, html=html, **query))
        me = ConnectedPerson(server, http, created, tab)
        me.welcome = await me.expect("welcome")
        me.mark = int((await me.expect("mark"))["mark"])
        yield me


def bearer_of(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def api(server: Door, **options: Any) -> httpx.AsyncClient:
    """An HTTP client that ignores the shell's proxies. It closes idle connections after 1 s, since
    uvicorn does after 5 s, and a call must not meet that close on its way."""
    limits = httpx.Limits(keepalive_expiry=1)
    given = {"verify": server.tls or True, "trust_env": False, "limits": limits, **options}
    return httpx.AsyncClient(base_url=server.url, timeout=WAIT_S, **given)


async def session(http: httpx.AsyncClient, name: str | None = None) -> dict[str, Any]:
    """A new session's answer, under this name or a generated one."""
    answer = await http.post("/api/session/create", json={"username": name} if name else {})
    assert answer.status_code == 201, answer.text
    return cast(dict[str, Any], answer.json())


async def place(http: httpx.AsyncClient, lat: float, lon: float, radius: int) -> dict[str, Any]:
    spot = {"lat": lat, "lon": lon, "radius": radius}
    answer = await http.post("/api/location/update", json=spot)
    assert answer.status_code == 200, answer.text
    return cast(dict[str, Any], answer.json())


@asynccontextmanager
async def listening(
    server: Door, headers: Mapping[str, str], *, html: bool = False, **query: str | int
) -> AsyncIterator[Tab]:
    """A socket with these headers, which need not name a session."""
    async with opened(server, headers, html=html, **query) as socket:
        yield Tab(socket, html=html)


def opened(
    server: Door, headers: Mapping[str, str], *, html: bool = False, **query: str | int
) -> connect:
    """A socket at /ws."""
    path = f"/ws{'?' if query else ''}{urlencode(query)}"
    return opened_at(server, path, headers, [] if html else [JSON])


def opened_at(
    server: Door, path: str, headers: Mapping[str, str], subprotocols: Sequence[Subprotocol] = ()
) -> connect:
    """A socket as a context manager that closes it. Its queue has no end, so that only a test
    that means to is ever a slow reader."""
    return connect(
        f"{server.ws_url}{path}",
        ssl=server.tls,
        subprotocols=subprotocols or None,
        additional_headers=headers,
        compression=None,
        max_queue=None,
        max_size=None,
        ping_interval=None,
        proxy=None,
        open_timeout=WAIT_S,
        close_timeout=10,
    )


def matches(frame: Frame, kind: str, fields: Mapping[str, Any]) -> bool:
    return frame["type"] == kind and all(frame.get(key) == fields[key] for key in fields)


# ---- The page's form -----------------------------------------------------------------------------


def frames_of_html(raw: str) -> list[Frame]:
    """The same frames from out-of-band fragments; `html` holds the element."""
    found: list[Frame] = []
    for element in parse(raw):
        match element.id:
            case "signals":
                found.append(_signal(element.children[0]))
            case "messages":
                found += [_message(row) for row in element.children]
            case "refusal":
                found.append(_refusal(element))
            case "notices":
                found.append({"type": "gap", "words": element.text, "html": element})
            case "people-list":
                found.append(_people(element))
            case _:
                found.append({"type": f"piece.{element.id}", "html": element})
    return found


def _signal(data: Element) -> Frame:
    kind = data["class"]
    bare = kind in {"welcome", "blocked", "unblocked", "mark", "pong"}
    fields = {key[5:].replace("-", "_"): data[key] for key in data.names if key.startswith("data-")}
    ids = {key: value.split() for key, value in fields.items() if key in {"ids", "person_ids"}}
    return {"type": kind if bare else f"chat.{kind}", **fields, **ids, "html": data}


def past_or_label(metres: int | None) -> str:
    return "earlier, near here" if metres is None else label_of(metres)


def _message(row: Element) -> Frame:
    name, _, text = row.children
    message_id = row["id"].removeprefix("m-")
    metres = int(row["data-m"]) if row["data-m"] else None
    return {
        "type": "chat.message",
        "id": message_id,
        "person_id": row["data-person"],
        "username": name.text,
        "text": text.text,
        "distance": past_or_label(metres),
        "metres": metres,
        "sent_at": int(message_id.partition("-")[0]),
        "html": row,
    }


def _refusal(element: Element) -> Frame:
    notice = element.children[0]
    frame: Frame = {"type": "error", "code": notice["data-code"], "message": notice.text}
    if "data-ref" in notice.names:
        frame["ref"] = notice["data-ref"]
    if "data-retry-after" in notice.names:
        frame["retry_after"] = int(notice["data-retry-after"])
    return {**frame, "html": element}


def _people(element: Element) -> Frame:
    entries = [_entry(row) for row in element.children]
    shared = {
        "version": int(element["data-version"]),
        "count": int(element["data-count"]),
        "totals": element["data-totals"],
        "html": element,
    }
    if "data-left" not in element.names:
        return {"type": "people", "people": entries, **shared}
    left = element["data-left"].split()
    return {"type": "people.changed", "came": entries, "changed": [], "left": left, **shared}


def _entry(row: Element) -> Frame:
    name, tag = row.children
    metres = int(row["data-m"])
    return {
        "person_id": row["data-person"],
        "username": name.text,
        "distance": label_of(metres),
        "metres": metres,
        "tag": tag.text,
    } | ({"voice": row["data-v"]} if "data-v" in row.names else {})
