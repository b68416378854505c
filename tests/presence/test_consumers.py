"""An exception in an action of either consumer leaves nothing of its socket behind."""

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar

import pytest

from chat.history import MemoryHistory
from presence.consumers import SocketConsumer
from presence.registry import MemoryRegistry
from tests.support.processes import Process
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


async def test_a_socket_that_has_arrived_keeps_neither_key_nor_address() -> None:
    headers = [(b"authorization", b"Bearer key"), (b"x-forwarded-for", b"203.0.113.9")]
    process = Process(MemoryRegistry(), MemoryHistory())
    scope = {"subprotocols": [], "headers": headers, "state": process.state}
    left = asyncio.Event()

    class Arriving(Faulty):
        def later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
            return asyncio.create_task(work)

    async def receive() -> dict[str, Any]:
        if not left.is_set():
            left.set()
            return {"type": "websocket.connect"}
        assert consumer.arriving
        async with deadline("the socket has arrived"):
            await consumer.arriving
        return {"type": "websocket.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        pass

    consumer = Arriving()
    await consumer(scope, receive, send)
    assert headers == []
