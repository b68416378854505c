"""Frames of either socket: which refusal names their ref, and what an exception leaves behind."""

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar, cast

import pytest
from pytest_django.fixtures import Settings

from chat.history import MemoryHistory
from presence.consumers import SocketConsumer
from presence.registry import MemoryRegistry
from tests.support.processes import Page, Process
from tests.support.waiting import deadline


async def fault(consumer: SocketConsumer, frame: dict[str, Any]) -> None:
    raise RuntimeError


class Faulty(SocketConsumer):
    actions: ClassVar[dict[str, Any]] = {"fault": fault}
    frame_max = 1000
    kind = "faulty"
    left = False

    def later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        work.close()
        return asyncio.create_task(asyncio.sleep(0))

    def gone(self) -> None:
        self.left = True


async def test_a_fault_in_an_action_leaves_nothing_of_the_socket_behind() -> None:
    consumer, sent = Faulty(), []
    messages = iter(
        [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": '{"type": "fault"}'}]
    )

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["type"])

    process = Process(MemoryRegistry(), MemoryHistory())
    scope = {"subprotocols": [], "headers": [], "state": process.state}
    with pytest.raises(RuntimeError):
        await consumer(scope, receive, send)
    assert sent == ["websocket.accept"]
    assert consumer.left


class Arriving(Faulty):
    """Arrives, and notes how many sessions its lane has then."""

    seen = 0

    def later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.create_task(work)


async def arrival_of(consumer: Arriving) -> None:
    """Also where it is over by now."""
    if consumer.arriving:
        await consumer.arriving


async def stay(consumer: Arriving, scope: dict[str, Any]) -> None:
    """Connects, arrives and disconnects."""
    begun = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if not begun.is_set():
            begun.set()
            return {"type": "websocket.connect"}
        async with deadline("the socket has arrived"):
            await arrival_of(consumer)
        consumer.seen = len(consumer.lane.sessions)
        return {"type": "websocket.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        pass

    await consumer(scope, receive, send)


@pytest.mark.parametrize("known", [True, False])
async def test_a_session_that_is_known_adds_to_the_share_of_its_network_while_it_is_here(
    known: bool,
) -> None:
    process, consumer = Process(MemoryRegistry(), MemoryHistory()), Arriving()
    key, _ = await process.state["presence"].sessions.open("Alice")
    bearer = f"Bearer {key if known else 'x' * 43}".encode()
    headers = [(b"authorization", bearer)]
    await stay(consumer, {"subprotocols": [], "headers": headers, "state": process.state})
    assert consumer.seen == int(known)
    assert not consumer.lane.sessions


REF = "the-ref-of-it"


class Recorder(Faulty):
    """Keeps what is written to it."""

    async def open(self) -> Page:
        process = Process(MemoryRegistry(), MemoryHistory())
        self.enter({"state": process.state})
        self.connection = Page()  # type: ignore[assignment]
        return cast(Page, self.connection)

    async def receive(self, text: str) -> dict[str, Any]:
        await self.websocket_receive({"text": text})
        found: dict[str, Any] = cast(Page, self.connection).frames[-1]
        return found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f'{{"type": "nonsense", "ref": "{REF}"}}', "unknown-type"),
        (f'{{"ref"\n:\t"{REF}", "x": "{"x" * 1000}"}}', "too-large"),
        (f'{{"type": "fault", "ref": "{REF}", "x": }}', "bad-json"),
        (f'[{{"type": "fault", "ref": "{REF}"}}]', "bad-json"),
        (f'{{"type": "nonsense", "ref": "the\\u002dref-of-it", "x": "{REF}"}}', "unknown-type"),
        (f'{{"x": {{"ref": "not-this-one", "y": "}}"}}, "ref": "{REF}", "z": }}', "bad-json"),
        (f'{{"x": [1, "]", null], "y": -1e3, "ref": "{REF}", "z": }}', "bad-json"),
        (f'{{"text": "{"x" * 1000}", "ref": "{REF}"}}', "too-large"),
    ],
)
async def test_whatever_is_wrong_with_a_frame_its_refusal_names_its_ref(
    text: str, code: str
) -> None:
    consumer = Recorder()
    await consumer.open()
    found = await consumer.receive(text)
    assert (found["code"], found.get("ref")) == (code, REF)


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "nonsense", "ref": "short"}',
        f'{{"type": "nonsense", "ref": "{"x" * 65}"}}',
        '{"type": "nonsense", "ref": 12345678}',
        f'{{"type": "nonsense", "ref": ["{REF}"]}}',
        f'{{"type": "nonsense", "text": "\\"ref\\": \\"{REF}\\""}}',
        f'{{"text": "\\"ref\\": \\"{REF}\\"", "x": "{"x" * 1000}"}}',
        f'{{"ref": "{REF}é", "x": "{"x" * 1000}"}}',
        f'{{"ref" "{REF}", "x": "{"x" * 1000}"}}',
        f'"ref"{" " * 990}"{REF}"',
        f'{{"x": {{"ref": "{REF}"}}, "y": }}',
        f'{{"x": [{{"ref": "{REF}"}}], "y": }}',
        f'{{"ref": 5, "x": {{"ref": "{REF}"}}, "y": }}',
        f'[1, {{"ref": "{REF}"}}, }}',
    ],
)
async def test_what_is_no_ref_or_part_of_a_text_is_not_sent_back(text: str) -> None:
    consumer = Recorder()
    await consumer.open()
    assert "ref" not in await consumer.receive(text)


async def test_a_frame_that_came_too_fast_is_refused_by_its_ref_to_the_end(
    settings: Settings,
) -> None:
    settings.RATE_LIMITS_SCALE = 1
    consumer = Recorder()
    page = await consumer.open()
    text = f'{{"type": "nonsense", "ref": "{REF}"}}'
    async with deadline("the close"):
        while page.closed is None:
            await consumer.receive(text)
    assert {frame["code"] for frame in page.frames} == {"unknown-type", "too-fast", "flooding"}
    assert {frame.get("ref") for frame in page.frames} == {REF}
