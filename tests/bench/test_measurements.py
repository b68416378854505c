"""Medians of rounds, and ratios within a round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.measurements import Figure, Measurement, Measurements

if TYPE_CHECKING:
    from pathlib import Path

OURS, THEIRS = Figure("one-cell", "neartalk", "us", 10), Figure("one-cell", "nchan", "us", 10)


def measurements(**us: list[float]) -> Measurements:
    """One measurement a round of each stack, at 10 messages a second."""
    return Measurements(
        [
            Measurement("one-cell", stack, 1000, 10, {"us": value}, turn)
            for stack, values in us.items()
            for turn, value in enumerate(values)
        ]
    )


def test_the_middle_of_three_rounds_is_their_median() -> None:
    assert measurements(neartalk=[9.0, 30.0, 11.0]).middle(OURS) == 11.0


def test_a_ratio_is_taken_within_each_round_before_the_median() -> None:
    # The machine was slow in the second round: the ratio of the medians would be 0.8.
    both = measurements(neartalk=[8.0, 24.0, 10.0], nchan=[10.0, 20.0, 12.5])
    assert both.ratio(OURS, THEIRS) == pytest.approx(0.8)
    both = measurements(neartalk=[8.0, 24.0, 9.0], nchan=[10.0, 20.0, 30.0])
    assert both.ratio(OURS, THEIRS) == pytest.approx(0.8)


def test_only_rounds_that_have_both_figures_make_a_ratio() -> None:
    both = measurements(neartalk=[8.0, 99.0], nchan=[10.0])
    assert both.ratio(OURS, THEIRS) == pytest.approx(0.8)


def test_what_was_not_read_has_no_figure() -> None:
    ours = measurements(neartalk=[8.0])
    assert ours.middle(THEIRS) is None
    assert ours.ratio(OURS, THEIRS) is None


def test_a_figure_may_ask_for_a_size_of_the_crowd() -> None:
    several = Measurements(
        [Measurement("sizes", "go", size, 10, {"us": float(size)}) for size in (10, 100)]
    )
    assert several.middle(Figure("sizes", "go", "us", 10, 100)) == 100.0


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    ours = measurements(neartalk=[8.0, 9.0])
    ours.save(tmp_path / "readings.json")
    assert Measurements.load(tmp_path / "readings.json") == ours
