"""Is what was acked shown once to everyone in range, on many hosts that fail one after the other?

    python bench/fleet.py [--people N] [--places N] [--rate N] [--seconds N]

Three server processes behind nginx as deploy/ has it, a Redis Cluster of three masters, a channel
layer on two hosts and PostgreSQL, all on this machine. One process is killed and begun again, one
is drained after its successor began, one master is killed and replaced by an empty one; connections
to Redis are cut while people move and leave, all Redis is flushed, PostgreSQL is read-only. Writes
bench/FLEET.md; ends with 1 if anything acked was lost without a word, or shown twice, if a list is
wrong, somebody listed who is not there, or a report lost.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from django.conf import settings

from bench.faults import connections_cut, file_reports, no_ghosts, read_only, reports_kept
from bench.town import started, until, within
from bench.walkers import depart, lists_wrong, stand, wander
from chat.devtools import ChatClient, Load, Tally, arrive, leave
from neartalk.devtools import Api
from presence.geo import tile_of
from presence.registry.redis_fields import people_key
from tests.support.clusters import Master, ValkeyCluster
from tests.support.reverse_proxies import Nginx
from tests.support.servers import Postgres, Server, Valkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

RESULTS = Path(__file__).with_name("FLEET.md")
SLOW_S = 60.0
# How long somebody who closed their page is still here.
LINGER_S = 45.0
REPORTS = 60
WRONG = "WRONG: "
# Everybody at once comes from one address, speaks as the load says, and is told no times.
ENV = {"RATE_LIMITS_SCALE": "1000", "TRUSTED_PROXIES": "1"}
# Servers of tests have people move at once.
PRODUCT = {"PLACE_CLOCK": "1"}


class Front(Nginx):
    """Its files as they are, but that the operator's own one listens without TLS: encryption for
    hundreds of clients on this machine is not what is measured."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        found = super().command()
        own = self.folder / "neartalk/https.conf"
        own.write_text(f"listen 127.0.0.1:{self.port};\nserver_name localhost;\n")
        return found

    def main(self) -> str:
        return super().main().replace("worker_connections 1024", "worker_connections 8192")

    def answers(self) -> bool:
        return Server.answers(self)  # type: ignore[arg-type]


@dataclass
class Fleet:
    """`wrong` counts what is to be 0 in the end."""

    cut_s: ClassVar[float] = 10.0
    cluster: ValkeyCluster
    layer: list[Valkey]
    servers: list[Server]
    next: Server
    front: Front
    postgres: Postgres
    happened: list[str] = field(default_factory=list)
    walkers: list[ChatClient] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)

    async def kill_a_process(self, load: Load) -> None:
        """kill -9; somebody starts it again."""
        moved, back_s, _ = await gone_over(load, self.servers[0].kill)
        await asyncio.to_thread(self.servers[0].start)
        self.happened.append(
            f"one process killed: its {moved} sockets were all open again {back_s:.1f} s after"
        )

    async def drain_a_process(self, load: Load) -> None:
        """Its successor listens before it is asked to end."""
        await asyncio.to_thread(self.next.start)
        moved, back_s, code = await gone_over(load, self.servers[1].terminate)
        self.happened.append(
            f"one drained, exit code {code}: its {moved} sockets were all open again "
            f"{back_s:.1f} s after its end"
        )

    async def replace_a_master(self, load: Load) -> None:
        """What it held is lost, and said to be."""
        master = self.master_of(load)
        told = {client: len(client.gaps) for client in load.clients}
        await asyncio.to_thread(master.kill)
        await asyncio.to_thread(master.start)
        said_s = await until(
            lambda: all(len(client.gaps) > told[client] for client in load.clients),
            SLOW_S,
            "not everybody was told",
        )
        self.happened.append(
            f"one master killed and begun again, empty: everybody told after {said_s:.1f} s"
        )

    async def cut_connections(self, load: Load) -> None:
        """To every Redis, while people move and leave."""
        await self.let_walk(load)
        leavers, self.walkers = (
            self.walkers[::3],
            [one for at, one in enumerate(self.walkers) if at % 3],
        )
        async with Api([self.front.url]) as api, connections_cut(self.redis_urls) as cut:
            leaving = asyncio.create_task(depart(api, leavers, self.cut_s / 2))
            spot = partial(random.choice, load.spots)
            moves = await wander(api, self.walkers, spot, self.cut_s)
            await leaving
            await stand(api, self.walkers)
        here = [*load.clients, *self.walkers]
        nodes = [one.url for one in self.cluster.masters]
        self.wrong["ghosts"], took_s = await no_ghosts(nodes, here, LINGER_S + SLOW_S)
        self.happened.append(
            f"{cut.count:,} connections to Redis cut during {moves} moves and {len(leavers)} "
            f"departures: nobody listed who is not there {took_s:.0f} s after"
        )

    async def let_walk(self, load: Load) -> None:
        """People who say nothing, for they will not stay."""
        async with Api([self.front.url]) as api:
            for turn in range(max(6, len(load.clients) // 10)):
                spot = load.spots[turn % len(load.spots)]
                client = ChatClient(await arrive(api, spot, 1000), [self.front.url])
                client.open()
                self.walkers.append(client)
        await until(lambda: all(one.live for one in self.walkers), SLOW_S, "not everybody arrived")

    async def flush(self, load: Load) -> None:
        """All that Redis holds is lost, and said to be."""
        told = {client: len(client.gaps) for client in load.clients}
        closes = sum(len(client.closes) for client in load.clients)
        await asyncio.to_thread(self.cluster.flush)
        said_s = await until(
            lambda: all(len(client.gaps) > told[client] for client in load.clients),
            SLOW_S,
            "not everybody was told",
        )
        self.wrong["closed"] = sum(len(client.closes) for client in load.clients) - closes
        self.happened.append(
            f"all masters flushed: everybody told after {said_s:.1f} s, "
            f"{self.wrong['closed']} sockets closed"
        )

    async def make_read_only(self, load: Load) -> None:
        """PostgreSQL; what is accepted meanwhile is a row afterwards."""
        before = await asyncio.to_thread(reports_kept, self.postgres)
        with read_only(self.postgres):
            async with Api([self.front.url]) as api:
                accepted = await file_reports(api, load.clients, self.walkers, REPORTS)
        kept_s = await within(lambda: reports_kept(self.postgres) >= before + accepted, SLOW_S)
        kept = await asyncio.to_thread(reports_kept, self.postgres) - before
        self.wrong["reports lost"] = accepted - kept
        self.happened.append(
            f"PostgreSQL read-only: {accepted} reports accepted, {accepted - kept} lost, "
            f"all rows {kept_s or SLOW_S:.1f} s after"
        )

    async def compare_lists(self, load: Load) -> None:
        """Whether everybody is shown who is there, once all is over."""
        here = [*load.clients, *self.walkers]
        await within(lambda: not lists_wrong(here), SLOW_S)
        self.wrong["lists wrong"] = lists_wrong(here)
        self.happened.append(f"in the end {self.wrong['lists wrong']} lists of people wrong")

    @property
    def redis_urls(self) -> list[str]:
        return [one.url for one in (*self.cluster.masters, *self.layer)]

    def master_of(self, load: Load) -> Master:
        tile = tile_of(load.clients[0].person.place.cell)
        return self.cluster.master_of(people_key(tile))


async def gone_over(load: Load, end: Callable[[], Any]) -> tuple[int, float, Any]:
    """Ends a process: how many sockets it had, after how many seconds all were open again, and
    what `end` returned."""

    def closes() -> int:
        return sum(len(client.closes) for client in load.clients)

    before = closes()
    returned = await asyncio.to_thread(end)
    await until(lambda: closes() > before, SLOW_S, "nobody was there")
    back_s = await until(
        lambda: all(client.live for client in load.clients), SLOW_S, "not all came back"
    )
    return closes() - before, back_s, returned


@asynccontextmanager
async def fleet(
    drain_s: float, make: type[Server], clock: Mapping[str, str]
) -> AsyncIterator[Fleet]:
    async with AsyncExitStack() as stack:
        cluster = await started(stack, ValkeyCluster())
        layer = [await started(stack, Valkey()) for _ in range(2)]
        postgres = await started(stack, Postgres())
        env = {
            **ENV,
            **clock,
            "DRAIN_SECONDS": str(drain_s),
            "REDIS_URL": cluster.url,
            "LAYER_REDIS_URL": ",".join(one.url for one in layer),
            "DATABASE_URL": postgres.url(),
        }
        servers = [make("uvicorn", env) for _ in range(4)]
        await asyncio.to_thread(servers[0].migrate)
        for server in servers[:3]:
            await started(stack, server)
        stack.callback(servers[3].close)
        front = await started(stack, Front(servers))
        yield Fleet(cluster, layer, servers[:3], servers[3], front, postgres)


if TYPE_CHECKING:
    Fault = Callable[[Fleet, Load], Awaitable[None]]
PROCESSES_AND_MASTERS: tuple[Fault, ...] = (
    Fleet.kill_a_process,
    Fleet.drain_a_process,
    Fleet.replace_a_master,
)
STORES: tuple[Fault, ...] = (Fleet.cut_connections, Fleet.flush, Fleet.make_read_only)


async def run(
    people: int,
    places: int,
    rate: float,
    seconds: float,
    drain_s: float = 5,
    faults: Sequence[Fault] = PROCESSES_AND_MASTERS,
    make: type[Server] = Server,
    clock: Mapping[str, str] | None = None,
) -> tuple[Tally, list[str]]:
    """The counts, and what happened in words; what is wrong in the end begins with WRONG."""
    async with fleet(drain_s, make, clock or {}) as ours:
        load = Load([ours.front.url], people, places)
        try:
            await load.arrive()
            talk = asyncio.create_task(load.talk(rate, seconds))
            for fault in faults:
                await asyncio.sleep(seconds / (len(faults) + 2))
                await fault(ours, load)
            await talk
            await load.settle(SLOW_S)
            if Fleet.cut_connections in faults:
                await ours.compare_lists(load)
            ours.happened += [
                f"{WRONG}{count} {what}" for what, count in ours.wrong.items() if count
            ]
            return load.tally(), ours.happened
        finally:
            await leave([ours.front.url], ours.walkers)
            await load.leave()


def written(counted: Tally, rate: float, seconds: float, happened: list[str]) -> str:
    figures: dict[str, Any] = {
        "messages sent": counted.sent,
        "acked": counted.acked,
        "never answered": counted.unanswered,
        "deliveries due": counted.due,
        "shown": counted.shown,
        "missing, and a gap was said": counted.told,
        "lost without a word": counted.lost,
        "shown twice": counted.repeated,
        "shown out of range": counted.strange,
        "sockets that came back": counted.reconnected,
    }
    rows = [f"| {name} | {figure:,} |" for name, figure in figures.items()]
    times = [
        f"| {name}, ms: p50, p99 | {spread['p50']:,}, {spread['p99']:,} |"
        for name, spread in (("ack", counted.ack_ms), ("delivery", counted.delivery_ms))
    ]
    return "\n".join(
        [
            "# A fleet that fails",
            "",
            f"`bench/fleet.py` wrote this: {counted.people} people in {counted.places} places, "
            f"{rate:g} messages a second for {seconds:g} s.",
            "Three processes behind nginx as `deploy/nginx` has it, a Redis Cluster of three "
            "masters, the channel layer on",
            "two hosts, PostgreSQL, and the clients themselves, all on two shared cores: counts "
            "are the result, times an upper bound.",
            "",
            *(f"- {line}" for line in happened),
            "",
            "| | |",
            "|---|---:|",
            *rows,
            *times,
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=600)
    parser.add_argument("--places", type=int, default=40)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=300)
    asked = parser.parse_args()
    # Names of keys hold that of the deployment, as the servers have it by default.
    settings.configure(DEPLOYMENT="neartalk")
    faults = (*PROCESSES_AND_MASTERS, *STORES)
    counted, happened = asyncio.run(run(**vars(asked), faults=faults, clock=PRODUCT))
    RESULTS.write_text(written(counted, asked.rate, asked.seconds, happened))
    print(RESULTS.read_text())
    sys.exit(not counted.good or any(line.startswith(WRONG) for line in happened))


if __name__ == "__main__":
    main()
