"""What a socket's peer sent, until it is read: a queue of 0.2 KB where asyncio's takes 3.3."""

import asyncio
from collections.abc import Mapping
from typing import Any

Event = Mapping[str, Any]


class Inbox:
    """An `asyncio.Queue` for one reader, as long as its writer lets it grow."""

    __slots__ = ("arrival", "events")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.arrival: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        return not self.events

    def put_nowait(self, event: Event) -> None:
        self.events.append(event)
        if self.arrival and not self.arrival.done():
            self.arrival.set_result(None)

    def wait(self) -> asyncio.Future[None]:
        """Done once an event comes. RuntimeError where somebody else waits for it."""
        if self.arrival and not self.arrival.done():
            raise RuntimeError("an inbox has one reader")
        self.arrival = asyncio.get_running_loop().create_future()
        return self.arrival

    def pop(self) -> Event:
        """The oldest event."""
        self.arrival = None
        return self.events.pop(0)
