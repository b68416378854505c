"""Runs the load generator (load.c) and reads what it prints."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.kit import LOAD

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence
    from pathlib import Path

    from bench.stacks import Speech


@dataclass(frozen=True, slots=True)
class LoadSocket:
    """Where one socket connects: who else hears it, and a header line of its own."""

    heard_by: int
    header: str = ""


@dataclass(frozen=True, slots=True)
class Live:
    """All sockets are open and were sent what is there; `first` is from connect until then."""

    sockets: int
    live: int
    live_s: float
    first_p50_ms: float
    first_p99_ms: float
    first_max_ms: float
    rss_before_kb: int
    rss_kb: int
    cpu_s: list[float]
    others_cpu_s: float
    generator_cpu_s: float
    wall_s: float


@dataclass(frozen=True, slots=True)
class Talk:
    """What became of the messages at one rate. `cpu_s` is of each process, in the order of pids,
    `others_cpu_s` of everything on the machine that is not part of the measurement."""

    rate: float
    sent: int
    expected: int
    counted: int
    frames: int
    bytes: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    closed: int
    rss_kb: int
    cpu_s: list[float]
    others_cpu_s: float
    generator_cpu_s: float
    wall_s: float

    @property
    def us_each(self) -> float:
        """CPU of all processes for each delivery, in microseconds."""
        return sum(self.cpu_s) * 1e6 / self.counted if self.counted else 0.0

    @property
    def share(self) -> float:
        """The part of one core that all processes took."""
        return sum(self.cpu_s) / self.wall_s


class LoadFailed(Exception):
    """Carries what the generator said."""


async def load(
    speech: Speech,
    ports: Sequence[int],
    crowd: Iterable[LoadSocket],
    pids: Sequence[int],
    notes: Path,
    *,
    rates: Sequence[float],
    seconds: float,
    warm_up_s: float = 2.0,
    connect_rate: float = 500,
) -> AsyncGenerator[Live | Talk, None]:
    """Yields Live once everybody has come, then a Talk for each rate. `notes` is a file to write
    the crowd to."""
    lines = "".join(f"{seat.heard_by} {seat.header}\n" for seat in crowd)
    await asyncio.to_thread(notes.write_text, lines)
    command: dict[str, Any] = {
        "ports": ",".join(map(str, ports)),
        "path": speech.path,
        "crowd": notes,
        "connect-rate": connect_rate,
        "settle": speech.settle_s,
        "rates": ",".join(f"{rate:g}" for rate in rates),
        "seconds": seconds,
        "warm-up": warm_up_s,
        "message": speech.message,
        "pids": ",".join(map(str, pids)),
        **({"ready": speech.ready} if speech.ready else {}),
        **({"subprotocol": speech.subprotocol} if speech.subprotocol else {}),
        **({"greeting": speech.greeting} if speech.greeting else {}),
    }
    options = [f"--{name}={value}" for name, value in command.items()]
    options += [f"--{speech.protocol}"] if speech.protocol else []
    generator = await asyncio.create_subprocess_exec(
        str(LOAD), *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert generator.stdout
    assert generator.stderr
    try:
        async for line in generator.stdout:
            found = json.loads(line)
            yield Live(**found) if "live" in found else Talk(**found)
        said = (await generator.stderr.read()).decode().strip()
        if await generator.wait():
            raise LoadFailed(said or f"the generator ended with {generator.returncode}")
    finally:
        with suppress(ProcessLookupError):
            generator.kill()
        await generator.wait()


async def measure(
    loading: AsyncGenerator[Live | Talk, None], *, all_live: bool = True
) -> tuple[Live, list[Talk]]:
    """All that a load tells, at its end."""
    async with aclosing(loading) as lines:
        live, *talks = [line async for line in lines]
    assert isinstance(live, Live)
    if all_live and live.live < live.sockets:
        raise LoadFailed(f"only {live.live} of {live.sockets} sockets were live in time")
    return live, [talk for talk in talks if isinstance(talk, Talk)]
