"""Half an hour, end to end: what is older is readable by no path, what is younger by every one."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from chat.feed import ARRIVAL_MAX, Feed
from chat.history import History, MemoryHistory
from chat.history.redis import RedisHistory
from chat.messages import BEGINNING, Message, stream_id_of
from chat.parts import Chat
from neartalk.clock import Clock, now_ms
from neartalk.parts import Platform
from neartalk.redis import client as redis
from presence.delivery import Form, Frame, Socket
from presence.geo import cell_at, tile_of, tiles_within
from presence.hub import Hub
from presence.parts import Presence
from presence.registry import MemoryRegistry, RedisRegistry, Registry
from presence.values import Place
from tests.support.clocks import ManualClock
from tests.support.process_client import ProcessClient
from tests.support.waiting import deadline

MINUTE_MS = 60_000
HALF_HOUR_MS = 30 * MINUTE_MS
STEP_MS = 6_000  # divides the half hour: at each step one message turns exactly 30 minutes old
HERE, NEAR, FAR = (
    Place(cell_at(52.52, 13.40), 2000),
    Place(cell_at(52.52, 13.415), 2000),
    Place(cell_at(52.52, 13.80), 2000),
)
ROW = re.compile(r'<li [^>]*id="m-([^"]+)"')


class Ear:
    """The end of a socket: keeps what is written."""

    direct = None
    language = "en"
    too_slow = False

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.written = asyncio.Event()

    def write(self, frame: Frame) -> None:
        self.texts.append(frame.text)
        self.written.set()

    async def drained(self) -> None:
        pass

    def quiet_s(self) -> float:
        return 0.0

    def close(self, code: int) -> None:
        raise AssertionError(f"closed with {code}: {self.texts[-1]}")

    def drop(self) -> None:
        raise AssertionError("given up")

    def frames(self) -> Iterable[dict[str, Any]]:
        for text in self.texts:
            found = json.loads(text)
            yield from found if isinstance(found, list) else [found]

    def ids(self) -> list[str]:
        return [frame["id"] for frame in self.frames() if frame["type"] == "chat.message"]

    async def until(self, message_id: str) -> None:
        async with deadline(f"the message {message_id}"):
            while message_id not in self.ids():
                self.written.clear()
                await self.written.wait()


class ExpiryProcess:
    """One process, its people, and every way to read their messages."""

    def __init__(self, history: History, registry: Registry, clock: Clock) -> None:
        self.history = history
        self.registry = registry
        self.platform = Platform.build()
        self.hub = Hub(self.platform, registry, clock=clock)
        self.feed = Feed(self.hub, history)
        presence = Presence.of(self.platform, registry, self.hub)
        self.sessions = presence.sessions
        self.tiles = tiles_within(*HERE.circle)
        chat = Chat(presence, history, self.feed)
        state = {"neartalk": self.platform, "presence": presence, "chat": chat}
        self.client = ProcessClient(state)
        self.keys: dict[str, str] = {}
        self.said: list[tuple[int, str]] = []  # what is in range of HERE: (sent at, id)

    async def appear(self, name: str, place: Place) -> None:
        key, session = await self.sessions.open(name)
        self.keys[name] = key
        await self.registry.place(session.digest, place, "")

    async def arrive(
        self, name: str, *, form: Form = Form.JSON, since_ms: int | None = None
    ) -> tuple[Socket, Ear]:
        ear = Ear()
        socket = Socket(await self.sessions.of_key(self.keys[name]), form, ear)
        await self.hub.join(socket, since_ms)
        return socket, ear

    async def send(self, socket: Socket, text: str) -> None:
        ear = socket.connection
        assert isinstance(ear, Ear)
        ear.texts.clear()
        await self.feed.sender.send(socket, text, f"ref-of-{text.replace(' ', '-')}")
        (ack,) = [frame for frame in ear.frames() if frame["type"] == "chat.ack"]
        at = stream_id_of(ack["id"])
        assert at is not None
        if socket.place != FAR:
            self.said.append((at.ms, ack["id"]))

    def alive(self, now: int, life_ms: int) -> list[str]:
        return [message_id for sent_at, message_id in self.said if sent_at > now - life_ms]

    async def page(self) -> list[str]:
        reading = await self.history.page(dict.fromkeys(self.tiles), {}, 10_000)
        return in_order(entry for entries in reading.entries.values() for entry in entries)

    async def after(self) -> list[str]:
        reading = await self.history.after(dict.fromkeys(self.tiles, BEGINNING))
        return in_order(entry for entries in reading.entries.values() for entry in entries)

    async def arrival(self) -> list[str]:
        """As someone who comes for the first time."""
        socket, ear = await self.arrive("Dora")
        self.hub.exit(socket)
        return ear.ids()

    async def resumed(self) -> list[str]:
        """As someone who comes back with a mark from before anything was said."""
        session = await self.sessions.of_key(self.keys["Dora"])
        socket, ear = await self.arrive("Dora", since_ms=session.placed_ms)
        self.hub.exit(socket)
        return ear.ids()

    async def asked(self) -> list[str]:
        """By GET /api/messages, and so on before the oldest, to the end."""
        found: list[dict[str, Any]] = []
        query: dict[str, str] = {}
        async with deadline("pages up to the oldest"):
            while page := (await self._get(query)).json()["messages"]:
                assert not found or page[-1]["id"] < found[0]["id"]
                found[:0] = page
                query = {"before": page[0]["id"]}
        return [message["id"] for message in found]

    async def rows(self) -> list[str]:
        """The ids of the page's rows, by GET and as they stand in the frames of one who arrives."""
        socket, ear = await self.arrive("Dora", form=Form.HTML)
        self.hub.exit(socket)
        arrived = [row for text in ear.texts for row in ROW.findall(text)]
        page = (await self._get({}, {"hx-request": "true"})).content.decode()
        assert page.count("<li") == len(ROW.findall(page))
        assert ROW.findall(page) == arrived
        return arrived

    async def _get(self, query: dict[str, str], headers: dict[str, str] | None = None) -> Any:
        bearer = {"authorization": f"Bearer {self.keys['Dora']}", **(headers or {})}
        answer = await self.client.get("/api/messages", query, headers=bearer)
        assert answer.status_code == 200
        return answer


def in_order(entries: Iterable[Any]) -> list[str]:
    messages = [entry for entry in entries if isinstance(entry, Message)]
    return [message.id for message in sorted(messages, key=lambda message: message.at)]


@pytest.fixture(autouse=True)
def only_messages_end(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "TIMEOUT_S", 30)
    settings.RATE_LIMITS_SCALE = 1000
    settings.SESSION_IDLE_SECONDS = 86_400
    settings.WHITENOISE_AUTOREFRESH = True  # no file is collected here


@asynccontextmanager
async def expiry_process(
    history: History, registry: Registry, clock: Clock
) -> AsyncIterator[ExpiryProcess]:
    here = ExpiryProcess(history, registry, clock)
    try:
        for name, place in (("Alice", HERE), ("Bob", NEAR), ("Charlie", FAR), ("Dora", HERE)):
            await here.appear(name, place)
        yield here
    finally:
        async with deadline("what the process began"):
            while here.hub.background.tasks:
                await asyncio.gather(*here.hub.background.tasks)
        await here.hub.stop()


async def test_in_a_busy_place_everything_lives_half_an_hour_and_nothing_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = ManualClock()
    history = MemoryHistory(clock)
    async with expiry_process(history, MemoryRegistry(clock), clock) as here:
        alice, _ = await here.arrive("Alice")
        bob, _ = await here.arrive("Bob")
        charlie, _ = await here.arrive("Charlie")
        heard: list[str] = []

        async def check_all_paths(minute: int) -> list[str]:
            alive = here.alive(clock.now_ms, HALF_HOUR_MS)
            assert await here.arrival() == alive[-ARRIVAL_MAX:]
            assert await here.resumed() == alive
            assert await here.asked() == alive
            if minute % 5 == 0:
                assert await here.rows() == alive[-ARRIVAL_MAX:]
            return alive

        listener, ear = await here.arrive("Dora")
        for minute in range(50):
            for step in range(MINUTE_MS // STEP_MS):
                clock.now_ms += STEP_MS
                await here.send(alice if step % 5 < 2 else bob, f"{minute} {step}")
                alive = here.alive(clock.now_ms, HALF_HOUR_MS)
                assert await here.page() == await here.after() == alive
            await here.send(charlie, f"far {minute}")
            await ear.until(here.said[-1][1])
            heard += ear.ids()
            ear.texts.clear()
            alive = await check_all_paths(minute)
            assert len(alive) == min(minute + 1, 30) * MINUTE_MS // STEP_MS
        assert heard == [message_id for _, message_id in here.said]
        here.hub.exit(listener)

        for minute in range(31):
            clock.now_ms += MINUTE_MS
            alive = await check_all_paths(minute)
            assert await here.page() == await here.after() == alive
            assert len(alive) == max(0, 29 - minute) * MINUTE_MS // STEP_MS


async def test_a_mark_inside_the_half_hour_brings_back_what_was_said_since_and_still_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = ManualClock()
    async with expiry_process(MemoryHistory(clock), MemoryRegistry(clock), clock) as here:
        alice, _ = await here.arrive("Alice")
        for minute in range(45):
            clock.now_ms += MINUTE_MS
            await here.send(alice, f"{minute}")
        for since_ms, _ in here.said:
            socket, ear = await here.arrive("Dora", since_ms=since_ms)
            here.hub.exit(socket)
            alive = here.alive(clock.now_ms, HALF_HOUR_MS)
            late = [message_id for sent_at, message_id in here.said if sent_at >= since_ms]
            assert ear.ids() == [message_id for message_id in late if message_id in alive]


async def test_in_redis_everything_lives_its_time_and_nothing_longer(
    redis_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MESSAGE_LIFE_SECONDS, life_ms = 1, 1000
    client = redis.connect(redis_url)
    history = RedisHistory(client)
    try:
        async with expiry_process(history, RedisRegistry(client), now_ms) as here:
            alice, _ = await here.arrive("Alice")
            bob, _ = await here.arrive("Bob")
            charlie, _ = await here.arrive("Charlie")
            number = 0
            async with deadline("two and a half lives of messages"):
                while not here.said or await history.now_ms() < here.said[0][0] + 5 * life_ms // 2:
                    number += 1
                    await here.send((alice, bob)[number % 2], f"{number}")
                    await here.send(charlie, f"far {number}")
                    for path in (here.page, here.after, here.arrival, here.resumed, here.asked):
                        may = here.alive(await history.now_ms(), life_ms)
                        found = await path()
                        must = here.alive(await history.now_ms(), life_ms)
                        assert found == may[len(may) - len(found) :]
                        assert must[-ARRIVAL_MAX:] == found[len(found) - len(must[-ARRIVAL_MAX:]) :]
            assert len(here.alive(await history.now_ms(), life_ms)) < len(here.said)
            await client.blpop(["nobody"], timeout=life_ms / 1000)
            async with deadline("the end of the last message"):
                while here.alive(await history.now_ms(), life_ms):
                    pass
            for path in (here.page, here.after, here.arrival, here.resumed, here.asked):
                assert await path() == []
    finally:
        await client.aclose()


async def test_a_place_where_nobody_speaks_or_reads_any_more_forgets_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("presence.hub.rounds.TRIM_S", 0.01)
    clock = ManualClock()
    history = MemoryHistory(clock)
    async with expiry_process(history, MemoryRegistry(clock), clock) as here:
        alice, _ = await here.arrive("Alice")
        await here.send(alice, "a secret")
        here.hub.exit(alice)
        trimmed, trim = asyncio.Event(), history.trim

        async def trim_and_note() -> None:
            await trim()
            trimmed.set()

        monkeypatch.setattr(history, "trim", trim_and_note)
        clock.now_ms += HALF_HOUR_MS - 1
        async with deadline("the trim of a quiet place"):
            await trimmed.wait()
            assert "a secret" in repr(history.streams)
            clock.now_ms += 1
            trimmed.clear()
            await trimmed.wait()
        assert "a secret" not in repr(history.streams)
        assert tile_of(HERE.cell) not in history.streams
