"""Worlds that differ in nothing but where people stand: nobody can tell one from another, and
nothing that is read, logged, counted or kept holds a place or a key."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from presence.geo import apart, label_m
from tests.noninterference import oracles
from tests.noninterference.acts import ACTS
from tests.noninterference.history import ABSENCES
from tests.noninterference.nursery import Nursery
from tests.noninterference.push_network import SERVICE
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
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture(scope="module")
def worlds(nursery: Nursery) -> dict[str, oracles.World]:
    return nursery.lead(SEED)


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
        *("chat.reactions", "chat.reacted", "chat.reactors", "reply_to", "mentions", "data-re="),
        *("voice.peers", "voice.end", "voice.offer", "voice.candidate", "voice.state", '"live"'),
        *(
            '{"kind":"reply"',
            '{"kind":"mention"',
            '{"kind":"talk"',
            "push-unknown",
            "Who has a ticket",
        ),
        *("store-unavailable", "muted", "blocked", "work failed", "Internal Server", "Banned for"),
    ]
    assert [one for one in done if one not in text] == []
    tables = {one["what"].rpartition(" ")[2] for one in found if " row " in f" {one['what']} "}
    assert {"chat_report", "neartalk_sanction", "neartalk_ratelimithit"} <= tables


# Not 2: a row that stood for less than a period is shown in one world and in the other not.
@pytest.mark.parametrize("seed", [1, 3])
def test_a_push_service_sees_the_same_wherever_people_stand_below_the_cell_or_the_label(
    nursery: Nursery, seed: int
) -> None:
    """Which device, when, how large, and over how many connections."""
    worlds = nursery.lead(seed, absences=True)
    assert oracles.faults_of(worlds) == {}
    seen = [one for one in worlds[HERE]["found"] if one["who"] == SERVICE]
    assert len([one for one in seen if one["what"] == "push"]) >= ABSENCES
    assert any(one["what"] == "connection" for one in seen)


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
