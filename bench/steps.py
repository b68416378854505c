"""Steps that the cases share: a load on a stack, and a measurement of what it printed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import psutil

from bench.load import load
from bench.measurements import Measurement

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from bench.load import Live, LoadSocket, Talk
    from bench.stacks import Running


def loading(
    servers: Running,
    seats: Sequence[LoadSocket],
    rates: Sequence[float],
    seconds: float,
    *,
    settle_s: float | None = None,
    **options: float,
) -> AsyncGenerator[Live | Talk, None]:
    speech = servers.stack.speech
    if settle_s is not None:
        speech = replace(speech, settle_s=settle_s)
    ports = [server.port for server in servers.servers]
    return load(
        speech, ports, seats, servers.pids, servers.notes, rates=rates, seconds=seconds, **options
    )


def measurement_of(case: str, stack: str, live: Live, talk: Talk) -> Measurement:
    figures = {
        "us": talk.us_each,
        "p50_ms": talk.p50_ms,
        "p99_ms": talk.p99_ms,
        "kb": kb_each(live),
        "bytes": talk.bytes / max(1, talk.counted),
        "busiest": max(talk.cpu_s) / sum(talk.cpu_s),
        "expected": talk.expected,
        "counted": talk.counted,
        "closed": talk.closed,
        "share": talk.share,
        "generator": talk.generator_cpu_s / talk.wall_s,
        "others": talk.others_cpu_s / talk.wall_s,
    }
    return Measurement(case, stack, live.sockets, talk.rate, figures)


def kb_each(live: Live) -> float:
    return (live.rss_kb - live.rss_before_kb) / live.sockets


def rss_kb(servers: Running) -> float:
    return sum(psutil.Process(pid).memory_info().rss for pid in servers.pids) / 1024
