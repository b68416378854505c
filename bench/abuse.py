"""How much later do people hear each other while somebody tries to stop the process?

    python bench/abuse.py [--checkout FOLDER] [--people N] [--quiet S] [--seconds S] [--only NAME]
        [--first]

For each attack a server of its own, on a core of its own where there are two, with people who talk
at an even rate; then the same with one hostile client (bench/attacks.py), which comes from one
address with the default limits. Prints a Markdown table; ends with 1 if the p99 of anybody's
message is past three times its quiet value. `--checkout` measures another checkout by its own
code.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from bench.attacks import ATTACKS, SPOT
from bench.cores import cores, pinned
from tests.support.servers import ROOT, Server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from websockets.asyncio.client import ClientConnection

RATIO_MAX = 3.0
# Each of them speaks so often: less often than anybody may.
EACH_S = 7.0
SETTLE_S = 30.0
# Nothing takes that long unless something is broken.
PATIENCE_S = 60.0
# Talk needs no minute of patience, and an attack may have as many sessions as it wants.
OFF = "session.address,chat.new"


class Checkout(Server):
    """A server of any checkout."""

    def __init__(self, folder: Path) -> None:
        super().__init__("uvicorn", {"TRUSTED_PROXIES": "1", "RATE_LIMITS_OFF": OFF})
        self.checkout = folder

    def options(self) -> dict[str, Any]:
        return {**super().options(), "cwd": self.checkout}


@dataclass(slots=True)
class Deliveries:
    """Milliseconds from saying to each hearing; `lost` were not heard in time."""

    late_ms: list[float] = field(default_factory=list)
    lost: int = 0

    def at(self, share: float) -> float:
        ordered = sorted(self.late_ms)
        return ordered[int((len(ordered) - 1) * share)] if ordered else float("nan")


@dataclass(slots=True)
class Row:
    """What one attack did to the others, and what became of it."""

    says: str
    quiet: Deliveries
    under: Deliveries
    outcome: str

    def ratio(self, quiet_p99_ms: float) -> float:
        return self.under.at(0.99) / quiet_p99_ms

    def line(self, quiet_p99_ms: float) -> str:
        figures = (self.quiet.at(0.5), self.quiet.at(0.99), self.under.at(0.5), self.under.at(0.99))
        cells = [self.says, *(f"{ms:,.1f}" for ms in figures)]
        cells += [f"{self.ratio(quiet_p99_ms):.1f}", str(self.under.lost), self.outcome]
        return f"| {' | '.join(cells)} |"


class Conversation:
    """People in one place, each at an address of their own, who speak in turn."""

    def __init__(self, server: Server, people: int) -> None:
        self.server = server
        self.people = people
        self.sockets: list[ClientConnection] = []
        self.ears: list[asyncio.Task[None]] = []
        self.measured = Deliveries()
        self.epoch = ""
        self.due = 0
        self.changed = asyncio.Event()

    async def begin(self, stack: AsyncExitStack) -> None:
        for turn in range(self.people):
            await self._join(stack, f"198.51.100.{turn + 1}")
        self.ears = [asyncio.create_task(self._listen(one)) for one in self.sockets]

    async def _join(self, stack: AsyncExitStack, address: str) -> None:
        headers = {"X-Forwarded-For": address}
        options: dict[str, Any] = {"trust_env": False, "timeout": PATIENCE_S}
        async with httpx.AsyncClient(base_url=self.server.url, **options) as http:
            created = await http.post("/api/session/create", json={}, headers=headers)
            headers["Authorization"] = f"Bearer {created.json()['session_id']}"
            placed = await http.post("/api/location/update", json=SPOT, headers=headers)
            placed.raise_for_status()
        opened = connect(
            f"{self.server.ws_url}/ws",
            additional_headers=headers,
            subprotocols=[Subprotocol("neartalk.json")],
            compression=None,
            ping_interval=None,
            open_timeout=PATIENCE_S,
            proxy=None,
        )
        self.sockets.append(await stack.enter_async_context(opened))

    async def run(self, seconds: float) -> Deliveries:
        """Talks for so long, and waits a little for what is still on its way."""
        self.measured, self.due = Deliveries(), 0
        start_s, count = time.monotonic(), round(seconds * self.people / EACH_S)
        for turn in range(count):
            await asyncio.sleep(max(0.0, start_s + turn * EACH_S / self.people - time.monotonic()))
            body = {"type": "chat.send", "ref": f"ref-{time.monotonic_ns()}"}
            # Each is another text: nobody repeats another.
            said = {**body, "text": f"{id(self.measured):x} {time.perf_counter()!r}"}
            try:
                await self.sockets[turn % self.people].send(json.dumps(said))
                self.due += self.people
            except ConnectionClosed:
                self.measured.lost += self.people
        await self._all_heard()
        return self.measured

    async def _all_heard(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                while len(self.measured.late_ms) < self.due:
                    self.changed.clear()
                    await self.changed.wait()
        self.measured.lost += max(0, self.due - len(self.measured.late_ms))

    async def _listen(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                now_s = time.perf_counter()
                found = json.loads(text)
                for frame in found if isinstance(found, list) else [found]:
                    self._note(frame, now_s)
        except ConnectionClosed:
            return

    def _note(self, frame: dict[str, Any], now_s: float) -> None:
        self.epoch = frame.get("epoch", self.epoch)
        batch, _, said_s = frame.get("text", "").partition(" ")
        if frame["type"] == "chat.message" and batch == f"{id(self.measured):x}":
            self.measured.late_ms.append((now_s - float(said_s)) * 1000)
            self.changed.set()

    def end(self) -> None:
        for ear in self.ears:
            ear.cancel()


async def attacked(name: str, checkout: Path, people: int, quiet_s: float, seconds: float) -> Row:
    server = Checkout(checkout)
    try:
        with pinned(cores().servers):
            server.start()
        with pinned(cores().others):
            return await measure(server, name, people, quiet_s, seconds)
    finally:
        server.close()


async def measure(server: Server, name: str, people: int, quiet_s: float, seconds: float) -> Row:
    talk = Conversation(server, people)
    async with AsyncExitStack() as stack:
        await talk.begin(stack)
        await talk.run(2)
        quiet = await talk.run(quiet_s)
        command = [sys.executable, "-m", "bench.attacks", name, str(server.port), str(seconds)]
        attack = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env={**os.environ, "NEARTALK_EPOCH": talk.epoch},
            stdout=asyncio.subprocess.PIPE,
            preexec_fn=lower,
        )
        try:
            under = await talk.run(seconds)
            told, _ = await asyncio.wait_for(attack.communicate(), seconds + 2 * PATIENCE_S)
        finally:
            talk.end()
            if attack.returncode is None:
                attack.kill()
                await attack.wait()
    return Row(ATTACKS[name][0], quiet, under, outcome_of(json.loads(told)))


def outcome_of(counts: dict[str, int]) -> str:
    return ", ".join(f"{what}: {count:,}" for what, count in counts.items() if count)


def pooled(rows: Sequence[Row]) -> Deliveries:
    return Deliveries([ms for row in rows for ms in row.quiet.late_ms])


def table(rows: Sequence[Row]) -> str:
    """All rows; the ratio is to the quiet of all servers together."""
    quiet = pooled(rows)
    head = [
        "| attack | quiet p50 ms | p99 | under attack p50 | p99 | p99 ratio | lost | attacker |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    told = (
        f"Quiet, all servers together: p50 {quiet.at(0.5):.1f} ms, p99 {quiet.at(0.99):.1f} ms,"
        f" {len(quiet.late_ms):,} deliveries."
    )
    return "\n".join([*head, *(row.line(quiet.at(0.99)) for row in rows), "", told])


async def run(
    names: Sequence[str], checkout: Path, people: int, quiet_s: float, seconds: float
) -> list[Row]:
    rows = []
    for name in names:
        rows.append(await attacked(name, checkout, people, quiet_s, seconds))
        print(rows[-1].line(rows[-1].quiet.at(0.99)), file=sys.stderr, flush=True)
    return rows


def precede() -> None:
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(2))


def lower() -> None:
    """Attackers share a core with those who measure, and must not keep them from reading."""
    if os.sched_getscheduler(0) == os.SCHED_RR:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    else:
        os.nice(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkout", type=Path, default=ROOT, help="whose code is measured")
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--quiet", type=float, default=10.0, help="seconds without an attack")
    parser.add_argument("--seconds", type=float, default=20.0, help="seconds of each attack")
    parser.add_argument("--only", action="append", choices=ATTACKS, help="these attacks alone")
    parser.add_argument(
        "--first",
        action="store_true",
        help="before whatever else this machine does (as root): figures of the server alone",
    )
    asked = parser.parse_args()
    if asked.first:
        precede()
    names = asked.only or [*ATTACKS]
    rows = asyncio.run(run(names, asked.checkout, asked.people, asked.quiet, asked.seconds))
    print(table(rows))
    quiet_p99_ms = pooled(rows).at(0.99)
    sys.exit(any(row.ratio(quiet_p99_ms) > RATIO_MAX or row.under.lost for row in rows))


if __name__ == "__main__":
    main()
