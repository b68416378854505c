"""RESULTS.md says what was read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.cases import CASES
from bench.measurements import Measurement, Measurements
from bench.report import ORDER, SHOWN, WORDS, Run, results

RUN = Run(
    date="2030-01-02",
    machine="a processor, 2 cores",
    pinned=True,
    rounds=3,
    seconds=10,
    trial=False,
    listeners=1000,
    places=40,
    versions={"Python": "Python 3.11"},
    missing={},
)


def talk(stack: str, rate: float, us: float, *, turn: int = 0, others: float = 0.0) -> Measurement:
    figures = {
        "us": us,
        "p50_ms": 4.0,
        "p99_ms": 42.4,
        "kb": 20.0,
        "bytes": 800.0,
        "expected": 1000,
        "counted": 999,
        "others": others,
    }
    return Measurement("one-cell", stack, 1000, rate, figures, turn)


READINGS = Measurements(
    [
        *(talk("neartalk", 10, us, turn=turn) for turn, us in enumerate((8.0, 9.0, 10.0))),
        *(talk("nchan", 10, us, turn=turn) for turn, us in enumerate((10.0, 10.0, 10.0))),
        Measurement("idle", "neartalk", 5000, 0, {"kb": 31.26, "share": 0.025}),
        Measurement("sizes", "neartalk", 10, 10, {"us": 80.0}),
        *(Measurement("page", "neartalk", size, 0, {"mb_hour": size / 100}) for size in (80, 200)),
        Measurement("ceiling", "neartalk", 1000, 0, {"a_second": 2e5, "tried": 3e5}),
    ]
)


def lines_of(measurements: Measurements, run: Run = RUN) -> list[str]:
    return results(run, measurements, measurements).splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "| machine | a processor, 2 cores |",
        "| Python | Python 3.11 |",
        "| 1000 listeners in one cell, 10 messages/s, HTML, memory store | at most 0.95 x nchan in "
        "every round | 0.84 to 1.10 x | 1.00 x | missed by 5 % |",
        "| 5000 idle sockets | under 2 % of a core | 1.9 % | 2.5 % | missed by 25 % |",
        "| NearTalk | 9.0 (1.00 x) |",
        "| nchan | 10.0 (1.11 x) |",
        "| nchan | 4 / 42 |",
        "| NearTalk | 20.0 | 800 |",
        "| idle sockets | NearTalk | 31.3 KB a socket, 2.5% of a core |",
        "| a page among simulated people (80) | NearTalk | 0.80 MB an hour |",
        "| a page among simulated people (200) | NearTalk | 2.00 MB an hour |",
        "| the most that one process bears, all in a cell | NearTalk | 200,000 deliveries a "
        "second, 300,000 no longer |",
        "| server | 10 listeners | 1000 listeners |",
        "| NearTalk | 80.0 | 9.0 |",
    ],
)
def test_a_figure_stands_in_its_table(line: str) -> None:
    assert line in lines_of(READINGS)


def test_every_round_and_what_was_lost_is_told() -> None:
    [row] = [line for line in lines_of(READINGS) if line.startswith("| one-cell | neartalk |")]
    assert "us 8 9 10" in row
    assert "999 of 1,000; 999 of 1,000; 999 of 1,000" in row


def test_what_could_not_be_installed_is_named() -> None:
    run = replace(RUN, missing={"go": "no compiler"})
    assert "- **Left out:** go: no compiler" in lines_of(READINGS, run)


def test_a_busy_machine_is_told() -> None:
    busy = Measurements([talk("neartalk", 10, 8.0), talk("nchan", 10, 8.0, others=0.5)])
    [line] = [line for line in lines_of(busy) if "Other programs" in line]
    assert "1 of 2 readings, with up to 50% of a core" in line
    assert not [line for line in lines_of(READINGS) if "Other programs" in line]


def test_sizes_have_a_table_only_where_they_were_measured() -> None:
    assert not any(
        line.startswith("## Crowds") for line in lines_of(Measurements([talk("go", 10, 8)]))
    )
    assert any(line.startswith("## Crowds") for line in lines_of(READINGS))


def test_a_trial_is_told() -> None:
    trial = replace(RUN, trial=True)
    assert [line for line in lines_of(READINGS, trial) if line.startswith("**A trial")]


def test_every_case_has_its_place_in_the_table_of_rounds() -> None:
    assert CASES.keys() == {*ORDER}


def test_every_figure_that_is_shown_has_words() -> None:
    assert {name for names in SHOWN.values() for name in names} <= WORDS.keys()
