"""A Redis Cluster as one store: redis-py's RedisCluster knows which master has which slot, and each
master is asked as one Redis is.

A lost answer stays lost, as with one Redis. Asked again, of another master, is only what a master
says it has not done: the slot has moved.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from redis import exceptions
from redis.asyncio.cluster import ClusterNode, RedisCluster

from neartalk.background import Background
from neartalk.redis.client import TIMEOUT_S, RedisClient, connect, run
from neartalk.redis.pipeline import Command
from neartalk.redis.store import Script, unknown_when_lost

# How commands are executed by one node.
Executor = Callable[[RedisClient, list[Command]], Awaitable[list[Any]]]

# So often a command follows a slot that moves.
REDIRECTS_MAX = 5
# So many hash tags are tried to find one for each master: a slot that nobody has ends it too.
TAGS_MAX = 4096
# The least time between two refreshes of the slots.
REFRESH_INTERVAL_S = 0.5
# Errors that may mean that slots have moved.
TOPOLOGY_ERRORS = (
    exceptions.RedisClusterException,
    exceptions.ClusterError,
    exceptions.ConnectionError,
    exceptions.ReadOnlyError,
    exceptions.TimeoutError,
    OSError,
)


class Cluster:
    """`urls` are of some of its nodes: one that answers tells of the others."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.url = urls[0]
        self.cluster = RedisCluster.from_url(
            self.url,
            startup_nodes=[node_at(url) for url in urls[1:]],
            # While one master is away the others go on.
            require_full_coverage=False,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
        )
        self.slots = self.cluster.nodes_manager
        self.seed_nodes = dict(self.slots.startup_nodes)
        self.clients: dict[str, RedisClient] = {}
        self.background = Background()
        self.refreshing: asyncio.Task[None] | None = None
        self.next_refresh_s = 0.0
        # Why the last refresh of the slots failed.
        self.failed: Exception | None = None

    def send(self, *command: str | int) -> asyncio.Future[Any]:
        return asyncio.ensure_future(self._send(command))

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        await self._ensure_slots()
        return await run(self, self._client_for(keys[0]).clock, script, keys, arguments)

    async def share_clock(self) -> None:
        tags = await self._tags()
        with self._refresh_on_error():
            await asyncio.gather(*(client.share_clock(tag) for client, tag in tags.items()))

    async def ask(self, commands: Collection[Command]) -> list[Any]:
        return (await self.ask_timed(commands))[1] if commands else []

    async def ask_timed(self, commands: Collection[Command]) -> tuple[int, list[Any]]:
        if not commands:
            return await self.now_ms(), []
        with self._refresh_on_error():
            await self._ensure_slots()
            lots: dict[RedisClient, dict[int, Command]] = defaultdict(dict)
            for at, command in enumerate(commands):
                lots[self._client_for(key_of(command))][at] = command
            each = await asyncio.gather(
                *(client.ask_timed(lot.values(), False) for client, lot in lots.items())
            )
            answers = {
                at: await self._result(answer, lot[at])
                for lot, (_, found) in zip(lots.values(), each, strict=True)
                for at, answer in zip(lot, found, strict=True)
            }
        return min(now_ms for now_ms, _ in each), [answers[at] for at in sorted(answers)]

    async def now_ms(self, key: str = "") -> int:
        with self._refresh_on_error():
            await self._ensure_slots()
            if key:
                return await self._client_for(key).now_ms()
            asked = map(RedisClient.now_ms, self._slot_owners())
            times = await asyncio.gather(*asked, return_exceptions=True)
            # One that is away keeps nobody from those who are there.
            if here := [time for time in times if isinstance(time, int)]:
                return min(here)
            raise exceptions.ConnectionError("no master answers")

    async def run_ids(self) -> list[str]:
        with self._refresh_on_error():
            await self._ensure_slots()
            each = await asyncio.gather(*map(RedisClient.run_ids, self._slot_owners()))
        return sorted(run_id for run_ids in each for run_id in run_ids)

    async def tags(self) -> list[str]:
        return [*(await self._tags()).values()]

    async def _tags(self) -> dict[RedisClient, str]:
        """By client a number, the first whose slot that master has."""
        with self._refresh_on_error():
            await self._ensure_slots()
            wanted, found = {*self._slot_owners()}, dict[RedisClient, str]()
            for tag in map(str, range(TAGS_MAX)):
                found.setdefault(self._client_for(tag), tag)
                if found.keys() >= wanted:
                    break
        return found

    def grouped(self, keys: Collection[str]) -> list[list[str]]:
        return [[key] for key in keys]

    async def aclose(self) -> None:
        # What is still on its way is lost with the connections, and nobody looks after it.
        self.next_refresh_s = math.inf
        await self.background.end()
        await asyncio.gather(*(client.aclose() for client in self.clients.values()))
        await self.slots.aclose()
        await self.slots.aclose("startup_nodes")

    # ---- Who is asked ------------------------------------------------------------------------

    async def _send(self, command: Command) -> Any:
        with self._refresh_on_error():
            await self._ensure_slots()
            try:
                return await self._client_for(key_of(command)).send(*command)
            except exceptions.AskError as moved:
                return await self._follow(moved, command, together)

    async def _result(self, answer: Any, command: Command) -> Any:
        if isinstance(answer, exceptions.AskError):
            return await self._follow(answer, command, RedisClient.ask)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _follow(self, moved: exceptions.AskError, command: Command, execute: Executor) -> Any:
        """Executes a command where its slot went: for good, or (ASK) for this command."""
        for _ in range(REDIRECTS_MAX):
            lot: list[Command] = [("ASKING",), command]
            if isinstance(moved, exceptions.MovedError):
                self.slots.move_slot(moved)
                lot = [command]
            try:
                return (await execute(self._client(moved.host, moved.port), lot))[-1]
            except exceptions.AskError as again:
                moved = again
        raise exceptions.ClusterError("a slot moves too often")

    def _slot_owners(self) -> list[RedisClient]:
        """The clients of nodes that have slots; RedisCluster's own list may be out of date."""
        each = {id(nodes): nodes[0] for nodes in self.slots.slots_cache.values()}
        return [*{self._client(one.host, one.port): None for one in each.values()}]

    def _client_for(self, key: str) -> RedisClient:
        node = self.cluster.get_node_from_key(key)
        return self._client(node.host, node.port)

    def _client(self, host: str, port: int) -> RedisClient:
        url = url_at(self.url, host, port)
        if url not in self.clients:
            self.clients[url] = connect(url)
        return self.clients[url]

    # ---- Where the slots are -----------------------------------------------------------------

    async def _ensure_slots(self) -> None:
        """Waits for the slots, for 2 s. Raises RedisClusterException where no node names them."""
        if not self.slots.slots_cache:
            await asyncio.wait({self._schedule_refresh()}, timeout=TIMEOUT_S)
        if not self.slots.slots_cache:
            raise exceptions.RedisClusterException(
                "nobody says where the slots are"
            ) from self.failed

    @contextmanager
    def _refresh_on_error(self) -> Iterator[None]:
        """On an error that may mean that slots have moved, refreshes them in the background."""
        try:
            yield
        except TOPOLOGY_ERRORS:
            now_s = asyncio.get_running_loop().time()
            if now_s >= self.next_refresh_s:
                self.next_refresh_s = now_s + REFRESH_INTERVAL_S
                self._schedule_refresh()
            raise

    def _schedule_refresh(self) -> asyncio.Task[None]:
        """One refresh at a time, for all who wait for it."""
        if self.refreshing is None or self.refreshing.done():
            self.refreshing = self.background.later(self._refresh_slots())
        return self.refreshing

    async def _refresh_slots(self) -> None:
        with unknown_when_lost():
            try:
                await self.slots.initialize()
            except (*TOPOLOGY_ERRORS, exceptions.RedisError) as why:
                self.failed = why
                raise
            except IndexError as why:
                # No slot belongs to anybody yet; redis-py has forgotten whom to ask again.
                self.slots.startup_nodes = dict(self.seed_nodes)
                raise exceptions.RedisClusterException("no node has slots") from why


async def together(client: RedisClient, commands: list[Command]) -> list[Any]:
    return await asyncio.gather(*(client.send(*command) for command in commands))


def key_of(command: Command) -> str:
    """The first key that a command names."""
    if command[0] in {"EVAL", "EVALSHA"}:
        return str(command[3])
    if command[0] == "XREAD":
        return str(command[command.index("STREAMS") + 1])
    return str(command[1])


def node_at(url: str) -> ClusterNode:
    parts = urlsplit(url)
    return ClusterNode(parts.hostname or "localhost", parts.port or 6379)


def url_at(url: str, host: str, port: int) -> str:
    """The same user, secret and options at another node."""
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return parts._replace(netloc=f"{user}@{place}" if user else place).geturl()
