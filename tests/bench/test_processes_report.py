"""The section on several processes says what was read, and takes its own place in the page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.measurements import Measurement, Measurements
from bench.processes_report import HEADING, processes_section, put
from tests.bench.test_report import RUN

VERSIONS = {"NearTalk": "abc1234", "Python": "Python 3.11", "Redis": "Valkey 9"}


def read(case: str, stack: str, us: float, busiest_us: float, turn: int = 0) -> Measurement:
    figures = {
        "us": us,
        "busiest_us": busiest_us,
        "p99_ms": 42.4,
        "redis_s": 0.05,
        "a_second": 10_000.0,
        "published": 1.0,
        "expected": 1000,
        "counted": 1000,
    }
    return Measurement(case, stack, 1000, 400, figures, turn)


READINGS = Measurements(
    [
        # The machine was twice as slow in the second round.
        *(read("dealt", "neartalk-redis", 40 * slow, 36 * slow, slow) for slow in (1, 2)),
        *(read("dealt", "neartalk-two", 60 * slow, 27 * slow, slow) for slow in (1, 2)),
        *(read("routed", "neartalk-two", 44 * slow, 20 * slow, slow) for slow in (1, 2)),
        read("dealt", "neartalk-two", 60, 27, turn=3),
        read("routed", "neartalk-two", 60, 27, turn=3),
    ]
)


@pytest.mark.parametrize(
    "line",
    [
        "| Redis | Valkey 9 |",
        "| 400 | 1 | - | 10,000 | 42 | 60.0 | 0.050 | 1.00 | 1.00 x | 1.00 x | 1.00 x |",
        "| 400 | 2 | dealt | 10,000 | 42 | 60.0 | 0.050 | 1.00 | 1.50 x | 1.00 x | 1.33 x |",
        "| 400 | 2 | routed | 10,000 | 42 | 60.0 | 0.050 | 1.00 | 1.10 x | 1.00 x | 1.80 x |",
        "| 400 | 2 | 0.73 x (0.73 to 1.00) | 1.00 x (1.00 to 1.00) | 1.00 x (1.00 to 1.00) "
        "| 1.00 x (1.00 to 1.00) |",
    ],
)
def test_a_figure_stands_in_the_table(line: str) -> None:
    assert line in section().splitlines()


def test_a_section_comes_before_the_method_and_then_takes_its_own_place() -> None:
    page = "# A page\n\n## The other cases\n\nsome\n\n## What was measured, and how\n\nso\n"
    once = put(f"{HEADING}\n\nold", page)
    assert once == page.replace("## What was", f"{HEADING}\n\nold\n\n## What was")
    assert put(f"{HEADING}\n\nnew", once) == once.replace("old", "new")


@pytest.mark.parametrize("page", ["", f"{HEADING}\n\nold\n"])
def test_a_page_may_have_nothing_else(page: str) -> None:
    assert put(f"{HEADING}\n\nnew", page) == f"{HEADING}\n\nnew\n"


def section() -> str:
    return processes_section(replace(RUN, versions=VERSIONS), READINGS)
