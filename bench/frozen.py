"""Does anybody in a chat notice that the database hangs, and is anything it should hold lost?

    python bench/frozen.py [--seconds N] [--rate N]

A real PostgreSQL is stopped (SIGSTOP, with all its processes) under a chat over two processes with
Redis. Prints a Markdown table; ends with 1 if a message or a record was lost. That the times do not
change is for whoever reads them to judge: this machine does other work.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.client import elsewhere, new_ref, person
from tests.support.servers import Postgres, Server, Valkey
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.client import ConnectedPerson

LISTENERS = 10
# Minutes that are over are written every 10 s.
WRITTEN_S = 90.0
# What people do here again and again, for the rest to be refused and counted.
RUDE = {"person_id": "0" * 16}


@dataclass(slots=True)
class Figures:
    """Milliseconds from sending to each listener, by what the database did; what was refused to
    the rude, and what rows say of it."""

    late_ms: dict[str, list[float]] = field(default_factory=dict)
    sent: int = 0
    heard: int = 0
    refused: int = 0
    recorded: int = 0

    @property
    def kept(self) -> bool:
        return self.heard == self.sent * LISTENERS and self.recorded == self.refused

    def table(self) -> str:
        rows = ["| database | deliveries | p50 ms | p99 ms | most ms |", "|---|---|---|---|---|"]
        for when, late in self.late_ms.items():
            ordered = sorted(late)
            of = [ordered[int((len(ordered) - 1) * share)] for share in (0.5, 0.99, 1)]
            cells = [f"{len(ordered):,}", *(f"{ms:.1f}" for ms in of)]
            rows.append(f"| {when} | {' | '.join(cells)} |")
        said = f"{self.heard:,} of {self.sent * LISTENERS:,} deliveries came"
        written = f"{self.recorded:,} of {self.refused:,} refusals are in the database"
        return "\n".join([*rows, "", f"{said}; {written}."])


@contextmanager
def servers(kind: type[Server]) -> Iterator[tuple[Postgres, list[Server]]]:
    """Two processes on one PostgreSQL and one Redis."""
    with ExitStack() as stack:
        redis, postgres = Valkey(), Postgres()
        for daemon in (redis, postgres):
            stack.callback(daemon.close)
            daemon.start()
        env = {
            "REDIS_URL": redis.url,
            "DATABASE_URL": postgres.create("neartalk"),
            "RATE_LIMITS_OFF": "chat.send,chat.new,chat.repeat,chat.refused",
        }
        pair = [kind("uvicorn", env) for _ in range(2)]
        pair[0].migrate()
        for server in pair:
            stack.callback(server.close)
            server.start()
        yield postgres, pair


async def measure(seconds: float, rate: float, server: type[Server] = Server) -> Figures:
    figures, spot = Figures(), elsewhere()
    with servers(server) as (postgres, pair):
        async with AsyncExitStack() as stack:
            people = [
                await stack.enter_async_context(person(pair[turn % 2], *spot))
                for turn in range(LISTENERS + 1)
            ]
            speaker, *listeners = people
            clock = DeliveryClock(figures)
            ears = [asyncio.create_task(clock.listen(one)) for one in listeners]
            try:
                for when in ("before", "stopped", "after"):
                    if when == "stopped":
                        postgres.pause()
                    try:
                        await clock.talk(speaker, when, seconds, rate)
                    finally:
                        if when == "stopped":
                            postgres.resume()
                await clock.all_heard()
                figures.recorded = await recorded(postgres, figures.refused)
            finally:
                for ear in ears:
                    ear.cancel()
    return figures


class DeliveryClock:
    """What is on its way, and how long it took to each listener."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures
        self.sent: dict[str, tuple[str, float]] = {}
        self.changed = asyncio.Event()

    async def talk(self, speaker: ConnectedPerson, when: str, seconds: float, rate: float) -> None:
        """Speaks at an even rate, and at each word somebody is refused something."""
        late = self.figures.late_ms.setdefault(when, [])
        assert late == []
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        for turn in range(int(seconds * rate)):
            await asyncio.sleep(max(0.0, start_s + turn / rate - loop.time()))
            text = f"{when} {turn}"
            self.sent[text] = when, time.perf_counter()
            self.figures.sent += 1
            await speaker.send("chat.send", text=text, ref=new_ref())
            answer = await speaker.http.post("/api/block", json=RUDE)
            self.figures.refused += answer.status_code == 429

    async def listen(self, one: ConnectedPerson) -> None:
        while True:
            for frame in await one._receive():
                self.record_delay(frame)

    def record_delay(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "chat.message":
            when, sent_s = self.sent[frame["text"]]
            self.figures.late_ms[when].append((time.perf_counter() - sent_s) * 1000)
            self.figures.heard += 1
            self.changed.set()

    async def all_heard(self) -> None:
        async with deadline("all is heard"):
            while self.figures.heard < self.figures.sent * LISTENERS:
                self.changed.clear()
                await self.changed.wait()


async def recorded(postgres: Postgres, refused: int) -> int:
    """How many refusals the rows tell of, once all are there or their time is over."""
    end_s = time.monotonic() + WRITTEN_S
    found = 0
    while found < refused and time.monotonic() < end_s:
        await asyncio.sleep(1)
        with psycopg.connect(postgres.url("neartalk")) as connection:
            query = "SELECT coalesce(sum(count), 0) FROM neartalk_ratelimithit"
            row = connection.execute(query).fetchone()
            found = int(row[0]) if row else 0
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each part takes")
    parser.add_argument("--rate", type=float, default=20.0, help="messages a second")
    asked = parser.parse_args()
    figures = asyncio.run(measure(asked.seconds, asked.rate))
    print(figures.table())
    sys.exit(not figures.kept)


if __name__ == "__main__":
    main()
