"""Targets say whether they were met, or by how much they were missed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench import target as told
from bench.case_size import CaseSize
from bench.cases import CASES
from bench.measurements import Figure, Measurement, Measurements
from bench.target import Target
from bench.targets import TARGETS

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
    target = Target("a crowd", "at most nchan", 1.0, told.times, COST, PEER)
    assert target.row(read(8, 8)) == ["a crowd", "at most nchan", "-", "1.00 x", "met"]
    assert target.row(read(10, 8))[3:] == ["1.25 x", "missed by 25 %"]


def test_at_least_is_missed_below_its_limit() -> None:
    target = Target("two", "at least 1.8 x", 1.8, told.times, COST, PEER, 2, at_least=True)
    assert target.row(read(9, 10))[3:] == ["1.80 x", "met"]
    assert target.row(read(9, 20))[3:] == ["0.90 x", "missed by 50 %"]


def test_a_small_miss_is_still_a_miss() -> None:
    target = Target("a crowd", "at most nchan", 1.0, told.times, COST, PEER)
    assert target.verdict(1.0001) == "missed by 1 %"


def test_a_part_is_told_as_one_of_so_many() -> None:
    target = Target("a crowd", "at most 1/15", 1 / 15, told.fraction, COST, PEER)
    assert target.row(read(10, 200))[3:] == ["1/20.0", "met"]
    assert target.row(read(10, 100))[3:] == ["1/10.0", "missed by 50 %"]


@pytest.mark.parametrize(
    ("show", "value", "words"),
    [
        (told.percent, 0.0195, "1.9 %"),
        (told.kilobytes, 31.26, "31.3 KB"),
        (told.milliseconds, 1234.4, "1,234 ms"),
        (told.seconds, 9.96, "10.0 s"),
        (told.hundredths_of_s, 0.456, "0.46 s"),
        (told.microseconds, 59.6, "60 us"),
        (told.tenths_of_ms, 4.06, "4.1 ms"),
        (told.a_second, 150_000, "150,000/s"),
    ],
)
def test_figures_are_told_with_their_units(show: told.Show, value: float, words: str) -> None:
    assert show(value) == words


def test_what_was_not_measured_has_no_verdict() -> None:
    target = Target("a crowd", "at most nchan", 1.0, told.times, COST, PEER)
    assert target.row(Measurements())[3:] == ["not measured", "-"]


def test_every_target_names_a_case_and_stacks_that_are_measured() -> None:
    for target in TARGETS:
        for figure in (target.over, target.under):
            if figure:
                assert figure.stack in CASES[figure.case].stacks
                assert figure.rate in rates_of(figure)


def rates_of(figure: Figure) -> set[float]:
    """At which a case is read; 0 where it has no rate."""
    size = CaseSize()
    return {
        "one-cell": {*size.rates},
        "rooms": {size.room_rate},
        "spread": {10.0},
        "two": {100.0},
        "dealt": (apart := {size.places * rate for rate in size.place_rates}),
        "routed": apart,
    }.get(figure.case, {0.0})


def test_what_is_to_hold_in_every_round_is_told_by_the_worst() -> None:
    rounds = Measurements(
        [
            Measurement("one-cell", stack, 1000, 10, {"us": us}, turn)
            for stack, each in (("neartalk", (9.0, 8.0, 10.5)), ("nchan", (10.0, 10.0, 10.0)))
            for turn, us in enumerate(each)
        ]
    )
    target = Target("a crowd", "at most nchan", 1.0, told.times, COST, PEER)
    assert target.row(rounds)[3:] == ["0.90 x", "met"]
    assert replace(target, in_every=True).row(rounds)[3:] == ["1.05 x", "missed by 5 %"]
    least = replace(target, in_every=True, at_least=True, limit=0.85)
    assert least.row(rounds)[3:] == ["0.80 x", "missed by 6 %"]


def test_what_was_measured_before_stands_beside_the_target() -> None:
    target = Target("a crowd", "at most nchan", 1.0, told.times, COST, before="25.5 KB")
    assert target.row(read(8, 8))[2] == "25.5 KB"
    assert target.row(Measurements())[2] == "25.5 KB"
