"""Two server processes in one loop, over either store, with Alice and Bob near each other."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from chat.history import History
from presence.registry import Registry
from tests.support.processes import (
    BESIDE,
    HERE,
    PageSocket,
    Process,
    Wire,
    person,
    running,
    settled,
)

Stores = tuple[Registry, History]
Open = Callable[[], AbstractAsyncContextManager[Stores]]


@asynccontextmanager
async def two_processes(
    stores: Stores, of_second: tuple[Any, Any] | None = None
) -> AsyncIterator[tuple[Process, Process, Wire]]:
    wire = Wire()
    registry, history = of_second or stores
    first, second = Process(*stores, wire), Process(registry, history, wire)
    async with running(first, second):
        yield first, second, wire


async def alice_and_bob(first: Process, second: Process) -> tuple[PageSocket, PageSocket]:
    """Near each other, each at a process of their own."""
    alice = await first.join(await person(first.hub.registry, "Alice", HERE))
    bob = await second.join(await person(second.hub.registry, "Bob", BESIDE))
    await settled(first, second)
    return alice, bob


def in_one_piece(page: Any) -> bool:
    """Nothing came twice on the wire."""
    return len(set(page.texts)) == len(page.texts)
