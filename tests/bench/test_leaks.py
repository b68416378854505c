"""The leaks that `bench/leaks.py` plants still have a place in the code, and its oracles see."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest

from bench.leaks_planted import LEAKS, Leak
from tests.noninterference import oracles
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CELL, DIGEST, KEY, ID = "u33dc2w", "0123456789abcdef" * 4, "k" * 43, "fedcba9876543210"


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.name)
def test_each_leak_can_be_planted_and_is_code(leak: Leak, tmp_path: Path) -> None:
    target = tmp_path / leak.path
    target.parent.mkdir(parents=True)
    target.write_text((ROOT / leak.path).read_text())
    leak.plant(tmp_path)
    if target.suffix == ".py":
        ast.parse(target.read_text())


def test_a_leak_whose_place_is_gone_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("before = 1\n")
    with pytest.raises(ValueError, match="no longer"):
        Leak("a leak", "one.py", "gone = 1\n", "leaks = 1\n").plant(tmp_path)


def seen(who: str, text: str, what: str = "frame of /ws", at_ms: float = 1, turns: int = 0) -> Any:
    return {"who": who, "what": what, "text": text, "at_ms": at_ms, "turns": turns}


def world(*found: Any) -> oracles.World:
    alice = {"name": "person 0", "key": KEY, "digest": DIGEST, "person_id": ID}
    place = {"cell": CELL, "centre": [52.5221, 13.4122]}
    return {"found": [*found], "people": [place, alice]}


def test_a_place_is_found_wherever_it_stands_but_in_one_s_own_answer() -> None:
    for text in ("near u33dc2", "U33DC", "at 52.522, 13.41", '"lon":13.4122'):
        for one in (seen("person 1", text), seen("operator", text, "line")):
            assert oracles.traces_of_places(world(one)), text
    assert oracles.traces_of_places(world(seen("person 0", f'"cell": "{CELL}"'))) == []
    assert oracles.traces_of_places(world(seen("operator", "took 0.005 s in u33d"))) == []


def test_a_key_and_a_part_of_a_digest_are_found_with_whoever_else_reads_them() -> None:
    assert oracles.traces_of_keys(world(seen("operator", f"who {KEY[:20]}", "line")))
    assert oracles.traces_of_keys(world(seen("person 1", DIGEST[3:30])))
    assert oracles.traces_of_keys(world(seen("memory", KEY)))
    own = seen("person 0", KEY), seen("memory", DIGEST)
    assert oracles.traces_of_keys(world(*own)) == []


def test_what_outlives_a_session_is_found_in_memory_but_for_what_is_meant_to() -> None:
    over = "memory when all is over"
    assert oracles.traces_of_the_gone(world(seen("memory", f"last = {ID}", over)))
    assert oracles.traces_of_the_gone(world(seen("memory", f"tats_ms = {CELL}", over)))
    kept = seen("memory", f"allowances.tats_ms[('chat.refused', '{ID}')] = 1", over)
    assert oracles.traces_of_the_gone(world(kept)) == []


@pytest.mark.parametrize(
    "other",
    [
        [seen("person 0", "another")],
        [seen("person 0", "the same", at_ms=2)],
        [seen("person 0", "the same", turns=1)],
        [seen("person 0", "the same", what="frame of /signal")],
        [seen("person 0", "the same"), seen("person 0", "and more")],
        [seen("person 1", "the same")],
        [],
    ],
)
def test_worlds_differ_in_texts_times_turns_and_numbers(other: list[Any]) -> None:
    here = world(seen("person 0", "the same"))
    assert oracles.differences(here, world(*other))
    assert oracles.differences(here, here) == []
