"""An act that another rule refuses costs no allowance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neartalk.codes import Refused
from neartalk.limits import RULES, Rule, Rules
from neartalk.limits.memory import MemoryAllowances
from presence.allowances import allow_place, allow_socket
from presence.geo import cell_at
from presence.values import PendingPlace, Person, Place, Session, Timing
from tests.support.processes import AWAY, BESIDE, HERE

HOUR_S = 3600
ALICE = Session("alice", Person("a" * 16, "Alice", *HERE), 3)
BOB = Session("bob", Person("b" * 16, "Bob", *HERE), 3)
FAR = Place(cell_at(40.7, -74.0), 500)


@pytest.fixture
def allowances(monkeypatch: pytest.MonkeyPatch) -> MemoryAllowances:
    """Three moves and one socket of a session; nothing comes back."""
    monkeypatch.setitem(RULES, "place.move", Rule(3, HOUR_S, burst=3))
    monkeypatch.setitem(RULES, "place.travel", Rule(3600, HOUR_S, burst=20_000, saves=True))
    monkeypatch.setitem(RULES, "socket.session", Rule(1, HOUR_S, burst=1))
    return MemoryAllowances(Rules(), lambda: 1_700_000_000_000)


async def refused_at(allowances: MemoryAllowances, place: Place) -> tuple[str, str | None]:
    with pytest.raises(Refused) as found:
        await allow_place(allowances, ALICE, place)
    return found.value.code, found.value.rule


async def test_a_move_that_is_too_far_costs_no_move(allowances: MemoryAllowances) -> None:
    for _ in range(5):
        assert await refused_at(allowances, FAR) == ("too-far", "place.travel")
    for _ in range(3):
        await allow_place(allowances, ALICE, BESIDE)
    assert await refused_at(allowances, BESIDE) == ("too-often", "place.move")


async def test_a_move_that_is_one_too_many_costs_no_metres(allowances: MemoryAllowances) -> None:
    for _ in range(3):
        await allow_place(allowances, ALICE, BESIDE)
    for _ in range(5):
        assert await refused_at(allowances, AWAY) == ("too-often", "place.move")
    (spent,) = (tat for (rule, _), tat in allowances.tats_ms.items() if rule == "place.travel")
    assert spent - allowances.clock() < 3_600_000


async def test_a_move_is_counted_when_it_is_told_and_from_where_was_told_last(
    allowances: MemoryAllowances,
) -> None:
    waits = PendingPlace(BESIDE, 0, 0, 0, 0)
    told = replace(ALICE, timing=Timing(pending=waits))
    for _ in range(5):
        await allow_place(allowances, told, BESIDE)
    for _ in range(3):
        await allow_place(allowances, told, HERE)
    with pytest.raises(Refused) as found:
        await allow_place(allowances, told, HERE)
    assert found.value.rule == "place.move"


async def test_sockets_are_counted_by_session_and_not_by_address(
    allowances: MemoryAllowances,
) -> None:
    await allow_socket(allowances, ALICE)
    with pytest.raises(Refused) as found:
        await allow_socket(allowances, ALICE)
    assert found.value.rule == "socket.session"
    await allow_socket(allowances, BOB)
