"""A run of the comparison: which cases of a round are read, and what becomes of one that fails."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

import pytest

from bench import compare
from bench.case_size import TRIAL
from bench.cases import Case
from bench.kit import BENCH
from bench.measurements import Measurement

if TYPE_CHECKING:
    from pathlib import Path

    from bench.case_size import CaseSize

ASKED = Namespace(only=["idle"], stack=["neartalk", "nchan", "tutorial"], rounds=2)


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Stacks that fail, each so often as it stands here."""
    stacks: list[str] = []

    async def read(stack: str, size: CaseSize) -> list[Measurement]:
        if stack in stacks:
            stacks.remove(stack)
            raise ConnectionError(f"{stack} is away")
        return [Measurement("idle", stack, 1, 0, {"kb": 1.0})]

    monkeypatch.setattr(compare, "CASES", {"idle": Case(("neartalk", "nchan", "tutorial"), read)})
    monkeypatch.setattr(compare, "BUILD", tmp_path)
    return stacks


def rounds_of(stack: str, missing: dict[str, str]) -> list[int]:
    found = compare.measure(ASKED, TRIAL, missing)
    return [one.round for one in found if one.stack == stack]


def test_every_stack_is_read_in_each_round_and_the_tutorial_in_the_first(
    failures: list[str],
) -> None:
    assert rounds_of("neartalk", {}) == [0, 1]
    assert rounds_of("tutorial", {}) == [0]


def test_a_family_that_is_missing_is_left_out(failures: list[str]) -> None:
    assert rounds_of("nchan", {"nchan": "no nginx"}) == []


def test_what_fails_once_is_read_at_the_end_of_its_round_and_named(failures: list[str]) -> None:
    failures += ["nchan"]
    missing: dict[str, str] = {}
    assert rounds_of("nchan", missing) == [0, 1]
    why = "failed once, and was read then: ConnectionError nchan is away"
    assert missing == {"idle, nchan, round 1": why}


def test_what_fails_twice_is_named_and_ends_nothing(failures: list[str]) -> None:
    failures += ["nchan", "nchan"]
    missing: dict[str, str] = {}
    found = compare.measure(ASKED, TRIAL, missing)
    assert [one.round for one in found if one.stack == "nchan"] == [1]
    assert [one.round for one in found if one.stack == "neartalk"] == [0, 1]
    assert missing == {"idle, nchan, round 1": "failed twice: ConnectionError nchan is away"}


def test_a_run_without_some_cases_is_written_down_and_a_part_only_where_it_is_told() -> None:
    whole, less, part = (
        compare.options(line) for line in ([], ["--without", "storm"], ["--only", "storm"])
    )
    assert (whole.to, less.to, part.to) == (BENCH, BENCH, None)
    assert {*whole.only} - {*less.only} == {"storm"} == {*part.only}
