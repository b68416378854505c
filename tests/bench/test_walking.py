"""What of people who walk is a call's, and what a change of the list."""

from __future__ import annotations

import os
import time

import pytest

from bench import arrivals
from bench.cases import walked
from bench.load import Talk
from tests.support.servers import ROOT


def window(share: float, frames: int) -> Talk:
    return Talk(
        rate=0,
        sent=0,
        expected=0,
        counted=0,
        frames=frames,
        bytes=0,
        p50_ms=0,
        p99_ms=0,
        max_ms=0,
        closed=0,
        rss_kb=0,
        cpu_s=[share * 10],
        others_cpu_s=1,
        generator_cpu_s=0,
        wall_s=10,
    )


def test_calls_are_less_what_is_idle_and_frames_less_what_calls_alone_bring() -> None:
    figures = walked([window(0.01, 1000), window(0.05, 1000), window(0.07, 3000)], 10)
    assert (figures["idle"], figures["standing"], figures["share"]) == (0.01, 0.05, 0.07)
    assert figures["call_ms"] == pytest.approx(4)
    assert figures["frames"] == 200
    assert figures["frame_us"] == pytest.approx(100)


def test_the_clock_of_a_process_is_read_from_outside() -> None:
    before_s = time.process_time()
    read_s = arrivals.cpu_s([os.getpid()])
    assert before_s <= read_s <= time.process_time()


def test_the_token_is_found_where_pages_have_it() -> None:
    head = (ROOT / "templates/_scripts.html").read_text().replace("{{ csrf_token }}", "f00d")
    found = arrivals.TOKEN.search(head)
    assert found
    assert found[1] == "f00d"
