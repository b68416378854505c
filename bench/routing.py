"""What it saves to bring the people of a place to one process: what processes tell each other, and
how many groups they hold, counted in Redis; nothing is timed. Writes bench/ROUTING.md."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis
import redis.asyncio as aioredis

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from presence.geo import cell_at
from tests.support.client import (
    Tab,
    api,
    bearer_of,
    elsewhere,
    listening,
    place,
    route_hint,
    session,
)
from tests.support.reverse_proxies import BEHIND, HAProxy
from tests.support.servers import Server, Valkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from tests.support.client import Spot

PLACES, PEOPLE, MESSAGES = 40, 6, 3
PROCESSES = (2, 3, 4)
GROUP = "__group__tile."
RESULTS = Path(__file__).with_name("ROUTING.md")
HEAD = f"""# Routing by place

`bench/routing.py` wrote this: {PLACES} places in districts of their own with {PEOPLE} people each,
who say {MESSAGES} messages each, through `deploy/haproxy/haproxy.cfg`, with `near` in the URLs of
their sockets and without. All is counted, nothing timed.

- **Sockets**: how many each process had. HAProxy lets none have a quarter more than the average:
  who does not fit is elsewhere, and that is what still crosses.
- **Groups**: subscriptions of processes to tiles. Each is one process that is told all that
  happens in a tile.
- **Handed**: how often the channel layer handed something to a process, for each message said.
  Messages of a tile that come within milliseconds travel as one.
- **Crossed**: the same without the process where it was said, which knows it already.

| processes | `near` | sockets | groups | handed a message | crossed a message |
|---:|---|---|---:|---:|---:|
"""


@dataclass(frozen=True, slots=True)
class RoutingCount:
    processes: int
    routed: bool
    sockets: list[int]
    groups: int
    handed: int
    crossed: int

    def row(self) -> str:
        said = PLACES * PEOPLE * MESSAGES
        cells = [
            self.processes,
            "yes" if self.routed else "no",
            " + ".join(map(str, self.sockets)),
            self.groups,
            f"{self.handed / said:.2f}",
            f"{self.crossed / said:.2f}",
        ]
        return f"| {' | '.join(map(str, cells))} |\n"


class Overheard:
    """How often each group was published to, as Redis itself says."""

    def __init__(self, client: aioredis.Redis) -> None:
        self.client = client
        self.published: Counter[str] = Counter()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        async with self.client.monitor() as monitor:
            task = asyncio.create_task(self._count(monitor.listen()))
            yield
            # What was said before has been overheard once this has.
            await self.client.echo("enough")
            await task

    async def _count(self, commands: AsyncIterator[dict[str, str]]) -> None:
        async for each in commands:
            words = each["command"].split(" ", 2)
            if words[0] == "ECHO":
                return
            if words[0] == "PUBLISH" and GROUP in words[1]:
                self.published[words[1]] += 1


def main() -> None:
    counts = [measure(number, routed) for number in PROCESSES for routed in (False, True)]
    RESULTS.write_text(HEAD + "".join(count.row() for count in counts))
    print(RESULTS.read_text())


def measure(processes: int, routed: bool) -> RoutingCount:
    with ExitStack() as stack:
        store = Valkey()
        stack.callback(store.close)
        store.start()
        env = {**BEHIND, "REDIS_URL": store.url, "RATE_LIMITS_SCALE": "1000"}
        servers = [Server("uvicorn", env) for _ in range(processes)]
        for server in servers:
            stack.callback(server.close)
            server.start()
        proxy = HAProxy(servers)
        stack.callback(proxy.close)
        proxy.start()
        count = asyncio.run(talk(store, servers, proxy, routed))
    print(count.row(), end="")
    return count


async def talk(
    store: Valkey, servers: Sequence[Server], proxy: HAProxy, routed: bool
) -> RoutingCount:
    async with AsyncExitStack() as stack:
        tabs = await arrive(stack, servers, proxy, routed)
        client = await stack.enter_async_context(
            aioredis.from_url(store.url, decode_responses=True)
        )
        overheard = Overheard(client)
        async with overheard.listening():
            for turn, first in product(range(MESSAGES), range(0, len(tabs), PLACES)):
                # One of each place: what is said there together would travel as one.
                each = tabs[first : first + PLACES]
                await asyncio.gather(*(tab.send_text(f"message {turn}") for tab in each))
            await asyncio.gather(*(receive_all(tab) for tab in tabs))
        subscribed = subscriptions(store.url)
        told = [(times, subscribed[group]) for group, times in overheard.published.items()]
        return RoutingCount(
            processes=len(servers),
            routed=routed,
            sockets=proxy.sockets(),
            groups=sum(subscribed.values()),
            handed=sum(times * processes for times, processes in told),
            crossed=sum(times * (processes - 1) for times, processes in told),
        )


async def arrive(
    stack: AsyncExitStack, servers: Sequence[Server], proxy: HAProxy, routed: bool
) -> list[Tab]:
    """As people come: not place by place, but all mixed."""
    spots = [elsewhere() for _ in range(PLACES)] * PEOPLE
    tabs = []
    for turn, spot in enumerate(spots):
        key = await settle(servers[turn % len(servers)], spot)
        near: dict[str, Any] = {"near": route_hint(cell_at(*spot))} if routed else {}
        tab = await stack.enter_async_context(listening(proxy, bearer_of(key), **near))
        await tab.expect("mark")
        tabs.append(tab)
    return tabs


async def settle(server: Server, spot: Spot) -> str:
    """A session with a place; its key."""
    async with api(server) as http:
        key = str((await session(http))["session_id"])
        http.headers.update(bearer_of(key))
        await place(http, *spot, 500)
        return key


async def receive_all(tab: Tab) -> None:
    for _ in range(PEOPLE * MESSAGES):
        await tab.expect("chat.message")


def subscriptions(url: str) -> dict[str, int]:
    """How many processes are in each group of a tile."""
    with redis.Redis.from_url(url, decode_responses=True) as client:
        groups: Iterable[str] = client.pubsub_channels(f"*{GROUP}*")
        return dict(client.pubsub_numsub(*groups))


if __name__ == "__main__":
    main()
