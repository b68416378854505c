"""Somebody whose frames go straight to a consumer, in a process whose stores a test may halt."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chat.consumers import ChatConsumer
from chat.history import MemoryHistory
from neartalk.models import Reason, Sanction
from presence.registry import MemoryRegistry
from tests.support.processes import HERE, Halting, Page, Process, person, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

REF = "the-ref-asked-about"


class ConsumerClient:
    """Somebody whose frames go to a consumer, in a process whose stores fail when they are told."""

    def __init__(self, process: Process, history: Halting) -> None:
        self.process, self.history, self.page = process, history, Page()
        self.consumer = ChatConsumer()
        self.consumer.enter({"state": process.state})
        self.consumer.connection = self.page  # type: ignore[assignment]

    async def send(self, text: Any, ref: str = REF) -> None:
        await self.send_frame({"type": "chat.send", "text": text, "ref": ref})

    async def send_frame(self, frame: dict[str, Any]) -> None:
        await self.consumer.websocket_receive({"text": json.dumps(frame)})

    async def mute(self) -> None:
        socket = self.consumer.socket
        assert socket
        self.process.platform.sanctions.impose(
            Sanction.Kind.MUTE, socket.person.person_id, timedelta(hours=1), Reason.SPAM
        )


@asynccontextmanager
async def arrived() -> AsyncIterator[ConsumerClient]:
    history = Halting(MemoryHistory())
    process = Process(MemoryRegistry(), history)
    async with running(process):
        sender = ConsumerClient(process, history)
        socket = await process.join(await person(process.hub.registry, "Alice", HERE))
        sender.consumer.socket = socket
        socket.connection = sender.page
        yield sender
