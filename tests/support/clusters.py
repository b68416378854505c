"""A Valkey Cluster on loopback, whose masters can be killed and started again. A restarted master
has its slots and no data."""

from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Self, cast

from redis.asyncio import Redis, RedisCluster

from tests.support.servers import Valkey, free_port
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from redis.typing import ResponseT

SLOTS = 16_384


class Master(Valkey):
    def __init__(self) -> None:
        super().__init__()
        self.bus = free_port()

    def command(self) -> list[str]:
        cluster = ["--cluster-enabled", "yes", "--cluster-port", str(self.bus)]
        patience = ["--cluster-node-timeout", "5000", "--cluster-require-full-coverage", "no"]
        return [*super().command(), *cluster, *patience, "--repl-diskless-sync-delay", "0"]

    @property
    def name(self) -> str:
        return bytes(self.execute("CLUSTER", "MYID")).decode()

    def execute(self, *command: str | int) -> ResponseT:
        with self._client() as client:
            return client.execute_command(*command)

    @property
    def ready(self) -> bool:
        """Whether it serves its slots and knows of all others."""
        with self._client() as client:
            found = client.cluster("info")
        return found["cluster_state"] == "ok" and found["cluster_slots_ok"] == str(SLOTS)

    @property
    def life(self) -> str:
        with self._client() as client:
            return str(client.info("server")["run_id"])

    def reads(self, key: str) -> str:
        """What it has itself, also as a replica."""
        with self._client() as client:
            client.execute_command("READONLY")
            return bytes(client.get(key) or b"").decode()

    @property
    def leads(self) -> bool:
        with self._client() as client:
            return bool(client.info("replication")["role"] == "master")

    @property
    def synced(self) -> bool:
        """Whether it has all that its master has."""
        with self._client() as client:
            return bool(client.info("replication").get("master_link_status") == "up")


class ValkeyCluster:
    """Three masters, without replicas to begin with; `url` is what REDIS_URL takes."""

    def __init__(self, masters: int = 3) -> None:
        self.masters = [Master() for _ in range(masters)]
        self.replicas: list[Master] = []

    @property
    def url(self) -> str:
        return ",".join(master.url for master in self.masters)

    def start(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self.close)
            for master in self.masters:
                master.start()
            first = self.masters[0]
            for at, master in enumerate(self.masters):
                begin, end = (SLOTS * one // len(self.masters) for one in (at, at + 1))
                master.execute("CLUSTER", "SET-CONFIG-EPOCH", at + 1)
                master.execute("CLUSTER", "ADDSLOTSRANGE", begin, end - 1)
                master.execute("CLUSTER", "MEET", "127.0.0.1", first.port, first.bus)
            self.settle()
            stack.pop_all()
        return self

    def add_replica(self, master: Master) -> Master:
        """Returns once it could take the place of its master."""
        replica = Master().start()
        self.replicas.append(replica)
        replica.execute("CLUSTER", "MEET", "127.0.0.1", master.port, master.bus)
        wait_until(lambda: master.name in str(replica.execute("CLUSTER", "NODES")))
        replica.execute("CLUSTER", "REPLICATE", master.name)
        wait_until(lambda: replica.ready and replica.synced)
        wait_until(
            lambda: all(
                replica.name in str(one.execute("CLUSTER", "SLOTS")) for one in self.masters
            )
        )
        return replica

    def settle(self) -> None:
        """Returns once every master serves and knows that all others do."""
        wait_until(lambda: all(master.ready for master in self.masters))

    def flush(self) -> None:
        for master in self.masters:
            master.flush()

    def master_of(self, key: str) -> Master:
        slot = int(str(self.masters[0].execute("CLUSTER", "KEYSLOT", key)))
        return self.masters[slot * len(self.masters) // SLOTS]

    def close(self) -> None:
        for node in (*self.masters, *self.replicas):
            node.close()


def wait_until(holds: Callable[[], bool]) -> None:
    until(holds, "the cluster comes together")


@asynccontextmanager
async def client_at(url: str) -> AsyncIterator[Redis]:
    """redis-py's own client of what REDIS_URL would name."""
    first, *others = url.split(",")
    at = RedisCluster.from_url if others else Redis.from_url
    client = cast(Any, at)(first, decode_responses=True)
    try:
        yield client
    finally:
        await client.aclose()
        if others:
            # It closes nothing once an answer made it look for its nodes again.
            await client.nodes_manager.aclose()
            await client.nodes_manager.aclose("startup_nodes")
