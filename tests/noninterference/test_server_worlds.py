"""Worlds that differ in nothing but where people stand: nobody can tell one from another, and
nothing that is read, logged, counted or kept holds a place or a key."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from presence.geo import apart, label_m
from tests.noninterference import oracles
from tests.noninterference.acts import ACTS
from tests.noninterference.nursery import Nursery
from tests.noninterference.scene import (
    FINER,
    HERE,
    SHIFTED,
    metres_between,
    scene_of,
    turned_round,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 3


@pytest.fixture(scope="module")
def worlds() -> Iterator[dict[str, oracles.World]]:
    with Nursery() as nursery:
        yield nursery.lead(SEED)


def test_nobody_can_tell_worlds_apart_that_differ_below_the_cell_or_the_label(
    worlds: dict[str, oracles.World],
) -> None:
    assert oracles.faults_of(worlds) == {}


def test_a_history_has_every_act_and_most_of_them_do_something(
    worlds: dict[str, oracles.World],
) -> None:
    found = worlds[HERE]["found"]
    assert {one["what"] for one in found if one["who"] == "history"} == {
        act.__name__ for act in ACTS
    }
    text = "\n".join(one["text"] for one in found)
    done = [
        *("chat.message", "chat.ack", "chat.gone", "people.changed", 'class="ack"', "too-fast"),
        *("voice.peers", "voice.end", "voice.offer", "voice.candidate", "voice.state", '"live"'),
        *("store-unavailable", "muted", "blocked", "work failed", "Internal Server", "Banned for"),
    ]
    assert [one for one in done if one not in text] == []
    tables = {one["what"].rpartition(" ")[2] for one in found if " row " in f" {one['what']} "}
    assert {"chat_report", "neartalk_sanction", "neartalk_ratelimithit"} <= tables


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_other_cells_are_as_far_apart_by_label_and_not_by_metres(seed: int) -> None:
    here, finer, shifted = (scene_of(kind, seed) for kind in (HERE, FINER, SHIFTED))
    for at, other in combinations(range(len(here.spots)), 2):
        exact = apart(here.cells[at], here.cells[other])
        assert exact == pytest.approx(metres_between(here.spots[at], here.spots[other]))
        assert exact == pytest.approx(apart(shifted.cells[at], shifted.cells[other]))
        if exact <= 2000:
            assert label_m(exact) == label_m(apart(finer.cells[at], finer.cells[other]))
    assert turned_round(here, finer) > 100
    assert not {*here.cells} & {*shifted.cells}
