"""A person whom enough others report is muted until somebody has looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chat.models import Report
from neartalk.models import Sanction
from presence.values import Place
from tests.chat.reporting_process import (
    in_memory,
)
from tests.support.processes import AWAY, HERE

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings


pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("much_may_be_said")]


async def test_three_different_subjects_mute_once_and_three_reports_of_one_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with in_memory() as reporting:
        alice, bob = await reporting.join("alice", device="d" * 64), await reporting.join("bob")
        dora = await reporting.join("dora")
        for text in ("One.", "Two.", "Three."):
            await bob.report(alice, await alice.send(text))
        await dora.report(alice)
        assert await Sanction.objects.acount() == 0
        # The same network as before, and another one.
        charlie = await reporting.join("charlie")
        await charlie.report(alice, at="198.51.100.7")
        await reporting.written()
        mute = await Sanction.objects.aget()
        report = await Report.objects.alatest("id")
        message_id = await alice.send("Four.")
        await (await reporting.join("erik")).report(alice, message_id, at="198.51.100.7")
        await (await reporting.join("fay")).report(alice, at="198.51.100.8")
    assert (mute.kind, mute.person_id, mute.by_id) == ("mute", alice.person_id, None)
    assert (mute.reason, mute.until) == (report.reason, report.deadline)
    assert (mute.device, mute.origin) == ("d" * 64, "origin of alice")
    assert await Sanction.objects.acount() == 1
    assert await Report.objects.acount() == 7


@pytest.mark.parametrize(
    ("spot", "at", "mutes"),
    [
        (HERE, "198.51.100.{}", 1),
        (HERE, "2001:db8:7:{}::1", 0),  # all of one /48, which may be one household's
        (AWAY, "198.51.100.{}", 0),  # they have never been near
    ],
)
async def test_only_who_may_have_met_somebody_and_each_household_once_counts(
    monkeypatch: pytest.MonkeyPatch, spot: Place, at: str, mutes: int
) -> None:
    async with in_memory() as reporting:
        alice = await reporting.join("alice")
        for turn in range(1, 4):
            somebody = await reporting.join(f"somebody_{turn}", spot)
            assert (await somebody.report(alice, at=at.format(turn))).status_code == 201
    assert await Report.objects.acount() == 3
    assert await Sanction.objects.acount() == mutes


async def test_reports_that_were_looked_at_do_not_mute_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with in_memory() as reporting:
        alice = await reporting.join("alice")
        for name in ("bob", "dora"):
            await (await reporting.join(name)).report(alice)
        await Report.objects.aupdate(state=Report.State.DISMISSED)
        for name, mutes in (("erik", 0), ("fay", 0), ("gus", 1)):
            await (await reporting.join(name)).report(alice)
            assert await Sanction.objects.acount() == mutes


@pytest.mark.parametrize(("setting", "mutes"), [(0, 0), (1, 1), (2, 1), (4, 0)])
async def test_how_many_mute_is_the_operators_choice(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, setting: int, mutes: int
) -> None:
    settings.REPORTS_TO_MUTE = setting
    async with in_memory() as reporting:
        alice = await reporting.join("alice")
        for name in ("bob", "dora", "erik"):
            await (await reporting.join(name)).report(alice)
    assert await Sanction.objects.acount() == mutes
