"""A ban ends the sessions and sockets of a person, also where the store fails at first."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, cast

import pytest

from neartalk.codes import Refused
from neartalk.limits import Rules
from neartalk.models import Reason, Sanction
from neartalk.records import Sanctions
from neartalk.records.rounds import Records
from presence.hub import Hub
from presence.hub.evictions import Evictions
from presence.values import Person, Session

ALICE, DEVICE, ORIGIN = "a" * 16, "d" * 64, "o" * 32
SESSION = Session("digest", Person(ALICE, "Alice"), 0, device=DEVICE, origin=ORIGIN)
HOUR = timedelta(hours=1)


class FailingHub:
    """A hub whose store fails as often as it is told to."""

    def __init__(self) -> None:
        self.failing = 0
        self.ended: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.registry = self

    def later(self, work: Any) -> None:
        self.tasks.append(asyncio.ensure_future(work))

    async def settle(self) -> None:
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()

    def _answer(self) -> None:
        if self.failing:
            self.failing -= 1
            raise Refused("store-unavailable")

    async def find(self, person_id: str) -> Session | None:
        self._answer()
        return SESSION if person_id == ALICE and not self.ended else None

    async def end(self, session: Session, *, at_once: bool) -> None:
        assert at_once, "nobody who is banned lingers"
        self._answer()
        self.ended.append(session.digest)

    async def end_lingering(self, person_id: str) -> None:
        self._answer()


class RecordedGuest:
    def __init__(self) -> None:
        self.told: list[str] = []

    def refuse(self, refused: Refused) -> None:
        self.told.append(refused.code)


@pytest.fixture
def sanctions() -> Sanctions:
    return Sanctions(Records(Rules()))


@pytest.mark.parametrize("failing", [0, 1, 2, 3])
async def test_a_ban_of_a_person_ends_the_session_and_learns_of_the_device_in_some_round(
    sanctions: Sanctions, failing: int
) -> None:
    hub = FailingHub()
    evictions = Evictions(cast(Hub, hub), sanctions)
    guest = RecordedGuest()
    evictions.admit(guest, SESSION)
    hub.failing = failing
    sanctions.impose(Sanction.Kind.BAN, "b" * 16, HOUR, Reason.HATE)
    sanctions.impose(Sanction.Kind.BAN, ALICE, HOUR, Reason.HATE)
    await hub.settle()
    for _ in range(failing):
        hub.later(evictions.enforce())
        await hub.settle()
    assert guest.told == ["banned"]
    assert "digest" in hub.ended
    assert sanctions.banned("another", DEVICE)
    assert sanctions.slowed(ORIGIN)
    assert not evictions.ending
    assert not evictions.closing


async def test_a_mute_of_a_device_is_told_to_whoever_sits_at_it(sanctions: Sanctions) -> None:
    evictions = Evictions(cast(Hub, FailingHub()), sanctions)
    guest, other = RecordedGuest(), RecordedGuest()
    evictions.admit(guest, SESSION)
    evictions.admit(other, Session("", Person("c" * 16, "Carol"), 0))
    sanctions.impose(Sanction.Kind.MUTE, "b" * 16, HOUR, Reason.SPAM, device=DEVICE)
    assert (guest.told, other.told) == (["muted"], [])
