"""Targets say whether they were met, or by how much they were missed."""

from __future__ import annotations

import pytest

from bench import targets
from bench.cases import CASES, CaseSize
from bench.measurements import Figure, Measurement, Measurements
from bench.targets import TARGETS, Target

COST = Figure("one-cell", "neartalk", "us", 10)
PEER = Figure("one-cell", "nchan", "us", 10)


def read(ours: float, theirs: float) -> Measurements:
    return Measurements(
        [
            Measurement("one-cell", "neartalk", 1000, 10, {"us": ours}),
            Measurement("one-cell", "nchan", 1000, 10, {"us": theirs}),
        ]
    )


def test_at_most_is_met_at_the_limit_and_missed_above_it() -> None:
    target = Target("a crowd", "at most nchan", 1.0, targets.times, COST, PEER)
    assert target.row(read(8, 8)) == ["a crowd", "at most nchan", "1.00 x", "met"]
    assert target.row(read(10, 8))[2:] == ["1.25 x", "missed by 25 %"]


def test_at_least_is_missed_below_its_limit() -> None:
    target = Target("two", "at least 1.8 x", 1.8, targets.times, COST, PEER, 2, at_least=True)
    assert target.row(read(9, 10))[2:] == ["1.80 x", "met"]
    assert target.row(read(9, 20))[2:] == ["0.90 x", "missed by 50 %"]


def test_a_small_miss_is_still_a_miss() -> None:
    target = Target("a crowd", "at most nchan", 1.0, targets.times, COST, PEER)
    assert target.verdict(1.0001) == "missed by 1 %"


def test_a_part_is_told_as_one_of_so_many() -> None:
    target = Target("a crowd", "at most 1/15", 1 / 15, targets.fraction, COST, PEER)
    assert target.row(read(10, 200))[2:] == ["1/20.0", "met"]
    assert target.row(read(10, 100))[2:] == ["1/10.0", "missed by 50 %"]


@pytest.mark.parametrize(
    ("show", "value", "words"),
    [
        (targets.percent, 0.0195, "1.9 %"),
        (targets.kilobytes, 31.26, "31.3 KB"),
        (targets.milliseconds, 1234.4, "1,234 ms"),
        (targets.seconds, 9.96, "10.0 s"),
    ],
)
def test_figures_are_told_with_their_units(show: targets.Show, value: float, words: str) -> None:
    assert show(value) == words


def test_what_was_not_measured_has_no_verdict() -> None:
    target = Target("a crowd", "at most nchan", 1.0, targets.times, COST, PEER)
    assert target.row(Measurements())[2:] == ["not measured", "-"]


def test_every_target_names_a_case_and_stacks_that_are_measured() -> None:
    for target in TARGETS:
        for figure in (target.over, target.under):
            if figure:
                assert figure.stack in CASES[figure.case].stacks
                if figure.case == "one-cell":
                    assert figure.rate in CaseSize().rates
