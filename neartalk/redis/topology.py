"""Which master of a Redis Cluster has which slot, and the client of each.

redis-py's RedisCluster knows the slots; they are refreshed one refresh at a time, whenever an error
says that they may have moved.
"""

import asyncio
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from redis import exceptions
from redis.asyncio.cluster import ClusterNode, RedisCluster

from neartalk.background import Background
from neartalk.redis.client import TIMEOUT_S, RedisClient, connect
from neartalk.redis.store import unknown_when_lost

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


class Topology:
    """`urls` are of some nodes of the cluster: one that answers tells of the others."""

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

    def owners(self) -> list[RedisClient]:
        """The clients of nodes that have slots; RedisCluster's own list may be out of date."""
        each = {id(nodes): nodes[0] for nodes in self.slots.slots_cache.values()}
        return [*{self.client(one.host, one.port): None for one in each.values()}]

    def client_for(self, key: str) -> RedisClient:
        node = self.cluster.get_node_from_key(key)
        return self.client(node.host, node.port)

    def client(self, host: str, port: int) -> RedisClient:
        url = url_at(self.url, host, port)
        if url not in self.clients:
            self.clients[url] = connect(url)
        return self.clients[url]

    async def ensure_slots(self) -> None:
        """Waits for the slots, for 2 s. Raises RedisClusterException where no node names them."""
        if not self.slots.slots_cache:
            await asyncio.wait({self._schedule_refresh()}, timeout=TIMEOUT_S)
        if not self.slots.slots_cache:
            raise exceptions.RedisClusterException(
                "nobody says where the slots are"
            ) from self.failed

    @contextmanager
    def refresh_on_error(self) -> Iterator[None]:
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

    async def aclose(self) -> None:
        # What is still on its way is lost with the connections, and nobody looks after it.
        self.next_refresh_s = math.inf
        await self.background.end()
        await asyncio.gather(*(client.aclose() for client in self.clients.values()))
        await self.slots.aclose()
        await self.slots.aclose("startup_nodes")


def node_at(url: str) -> ClusterNode:
    parts = urlsplit(url)
    return ClusterNode(parts.hostname or "localhost", parts.port or 6379)


def url_at(url: str, host: str, port: int) -> str:
    """The same user, secret and options at another node."""
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return parts._replace(netloc=f"{user}@{place}" if user else place).geturl()
