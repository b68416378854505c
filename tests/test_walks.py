"""The walks in docs/architecture.md lead through the code as it is, and none goes back up."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.test_imports import imports, room

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/architecture.md"
WALKS = (
    "The way of a message",
    "The way of a move",
    "The way of a knock",
    "The way of an open door",
)


class WalkStep(NamedTuple):
    path: str
    function: str

    @property
    def room(self) -> str:
        return room(self.path.removesuffix(".py").replace("/", "."))


def steps(walk: str) -> list[WalkStep]:
    """The numbered steps of a section, in their order: file and function."""
    text = PAGE.read_text().partition(f"\n## {walk}\n")[2].partition("\n## ")[0]
    return [
        WalkStep(*found)
        for found in re.findall(r"^\d+\. `([\w/.]+)` `(\w+)`: ", text, re.MULTILINE)
    ]


def functions(path: Path) -> set[str]:
    """Every function and method that a module defines."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return {one.name for one in nodes if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


@cache
def reached(start: str) -> frozenset[str]:
    """Every package, and module at an app's root, that one imports, directly or not."""
    edges = {(room(one), room(to)) for one, to in imports()}
    found, waiting = set[str](), [start]
    while waiting:
        nexts = {to for one, to in edges if one == waiting[-1]} - found
        waiting.pop()
        found |= nexts
        waiting += nexts
    return frozenset(found)


def going_up(walk: list[WalkStep]) -> list[tuple[WalkStep, WalkStep]]:
    """The pairs of which the later step stands above the earlier one, or in a file left before."""
    found = []
    for at, later in enumerate(walk):
        for earlier in walk[:at]:
            above = earlier.room in reached(later.room) and later.room != earlier.room
            between = {one.path for one in walk[walk.index(earlier) : at]}
            if above or (later.path == earlier.path and between != {later.path}):
                found.append((earlier, later))
    return found


@pytest.mark.parametrize("name", WALKS)
def test_every_step_is_a_function_of_its_file(name: str) -> None:
    walk = steps(name)
    assert len(walk) > 4
    lost = [step for step in walk if step.function not in functions(ROOT / step.path)]
    assert lost == []


@pytest.mark.parametrize("name", WALKS)
def test_no_walk_goes_back_up(name: str) -> None:
    assert going_up(steps(name)) == []


def test_a_walk_that_goes_back_up_is_found() -> None:
    down = steps(WALKS[0])
    assert going_up([*down, down[2]]) != []
    assert going_up([down[-1], down[0]]) == [(down[-1], down[0])]
