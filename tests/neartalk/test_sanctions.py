"""Who is muted or banned, as a process knows it: at once, from rows, and without its database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError
from django.template.loader import render_to_string

from neartalk.limits import Rules
from neartalk.models import Reason, Sanction
from neartalk.records import LONGEST, ROUND_S, Sanctions, sanction_rows
from neartalk.records import sanction_sync as module
from neartalk.records.rounds import Records
from neartalk.records.sanction_sync import REREAD, UNWRITTEN_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_django.fixtures import Settings

BAN, MUTE = Sanction.Kind.BAN, Sanction.Kind.MUTE
ALICE, BOB, CHARLIE = "a" * 16, "b" * 16, "c" * 16
DEVICE, ORIGIN = "d" * 64, "e" * 32
START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
rows = pytest.mark.django_db(transaction=True)


class SanctionClock:
    now = START

    def __call__(self) -> int:
        return round(self.now.timestamp() * 1000)


class RecordedSanctions(Sanctions):
    """Its rounds are the test's, and what it tells is kept."""

    def __init__(self, time: SanctionClock) -> None:
        super().__init__(Records(Rules()), time)
        self.time = time
        self.told: list[str] = []
        self.listen(lambda news: self.told.extend(row.person_id for row in news))


@pytest.fixture
def time() -> SanctionClock:
    return SanctionClock()


@pytest.fixture
def one(time: SanctionClock) -> RecordedSanctions:
    return RecordedSanctions(time)


@pytest.fixture
def two(time: SanctionClock) -> RecordedSanctions:
    return RecordedSanctions(time)


async def row(
    kind: Sanction.Kind = BAN, until: datetime = START + HOUR, **fields: str | int
) -> Sanction:
    """As somebody else wrote it."""
    person = {"person_id": ALICE, "reason": Reason.HATE, **fields}
    return await Sanction.objects.acreate(kind=kind, until=until, **person)


async def stamped(found: Sanction, changed: datetime, **fields: object) -> None:
    """The row as it was written at another time."""
    await Sanction.objects.filter(pk=found.pk).aupdate(changed=changed, **fields)


def in_force(process: RecordedSanctions, device: str = "") -> Sanction:
    """The ban of Alice."""
    ban = process.banned(ALICE, device)
    assert ban
    return ban


# ---- In memory -----------------------------------------------------------------------------------


def test_what_is_imposed_holds_at_once_and_ends_by_the_clock(
    one: RecordedSanctions, time: SanctionClock
) -> None:
    one.impose(BAN, ALICE, HOUR, Reason.HATE, device=DEVICE, origin=ORIGIN)
    one.impose(MUTE, BOB, HOUR, Reason.SPAM)
    assert one.told == [ALICE, BOB]
    assert one.banned(ALICE)
    assert one.banned(CHARLIE, DEVICE)
    assert one.slowed(ORIGIN)
    assert one.muted(BOB)
    assert not one.muted(ALICE)
    assert not one.banned(BOB)
    assert not one.banned(CHARLIE)
    assert not one.slowed("")
    time.now += HOUR - timedelta(milliseconds=1)
    assert one.banned(ALICE)
    time.now += timedelta(milliseconds=1)
    assert not one.banned(ALICE, DEVICE)
    assert not one.slowed(ORIGIN)
    assert not one.muted(BOB)


def test_a_mute_holds_for_the_device_in_another_visit_and_makes_its_next_one_longer(
    one: RecordedSanctions, time: SanctionClock
) -> None:
    one.escalate_mute(ALICE, DEVICE)
    assert one.muted(BOB, DEVICE)
    assert not one.muted(BOB, "another")
    assert not one.muted(BOB)
    assert one.escalate_mute(BOB, DEVICE).until == time.now + timedelta(minutes=15)
    assert one.escalate_mute(CHARLIE).until == time.now + timedelta(minutes=5)


def test_of_several_the_one_that_ends_last_is_told(
    one: RecordedSanctions, settings: Settings
) -> None:
    settings.OBJECTIONS = "safety@example.org"
    one.impose(BAN, ALICE, 2 * HOUR, Reason.HATE)
    one.impose(BAN, ALICE, HOUR, Reason.SPAM)
    one.impose(BAN, BOB, 3 * HOUR, Reason.THREATS, device=DEVICE)
    refused = one.refusal(in_force(one))
    assert (refused.row.status, refused.row.close) == (403, 4411)
    assert refused.fields() == {
        "code": "banned",
        "message": "You are banned. Reason: Hate. It ends on 23 November 2026, 14:00 UTC."
        " To object: safety@example.org",
        "until": round((START + 2 * HOUR).timestamp() * 1000),
    }
    assert refused.objections == "mailto:safety@example.org"
    assert in_force(one, DEVICE).reason == Reason.THREATS


def test_a_mute_is_told_with_its_end_and_without_objections_where_none_are_heard(
    one: RecordedSanctions,
) -> None:
    refused = one.refusal(one.impose(MUTE, ALICE, timedelta(minutes=5), Reason.SPAM))
    assert (refused.row.status, refused.row.close) == (429, 0)
    assert refused.fields() == {
        "code": "muted",
        "message": "You cannot speak for now. Reason: Spam or fraud. It ends in 5 min.",
        "retry_after": 300,
        "until": round((START + timedelta(minutes=5)).timestamp() * 1000),
    }


@pytest.mark.parametrize(
    ("where", "link", "words"),
    [
        ("", "/rules#objections", " To object: ask whoever runs this server."),
        ("Ask at the desk", "/rules#objections", " To object: Ask at the desk"),
        ("safety@example.org", "mailto:safety@example.org", " To object: safety@example.org"),
        ("mailto:a@b.org", "mailto:a@b.org", " To object: mailto:a@b.org"),
        ("https://a.org/@us", "https://a.org/@us", " To object: https://a.org/@us"),
        ("example.org/object", "https://example.org/object", " To object: example.org/object"),
        ("tel:+4930123456", "tel:+4930123456", " To object: tel:+4930123456"),
    ],
)
def test_who_is_banned_always_finds_where_to_object(
    one: RecordedSanctions, settings: Settings, where: str, link: str, words: str
) -> None:
    settings.OBJECTIONS = where
    refused = one.refusal(one.impose(BAN, ALICE, HOUR, Reason.HATE))
    assert refused.objections == link
    assert str(refused.fields()["message"]).endswith(words)
    page = render_to_string("_refusal.html", {"refusal": refused})
    assert f'href="{link}">Object</a>' in page.replace("\n", " ")


def test_a_mute_whose_end_is_far_is_told_by_its_date(one: RecordedSanctions) -> None:
    refused = one.refusal(one.impose(MUTE, ALICE, timedelta(days=2), Reason.HATE))
    assert refused.words == "Reason: Hate. It ends on 25 November 2026, 12:00 UTC."


def test_nothing_lasts_longer_than_the_number_of_a_device(one: RecordedSanctions) -> None:
    ban = one.impose(BAN, ALICE, timedelta(days=365), Reason.OTHER)
    assert ban.until == START + LONGEST


@rows
async def test_each_mute_within_a_day_lasts_longer(
    one: RecordedSanctions, two: RecordedSanctions, time: SanctionClock
) -> None:
    lasted = []
    for process in (one, one, two, one):
        await process.sync.sync()
        mute = process.escalate_mute(ALICE)
        await process.sync.sync()
        lasted.append((mute.until - time.now) // timedelta(minutes=1))
        time.now = mute.until
    assert lasted == [5, 15, 60, 60]
    assert one.escalate_mute(BOB).until == time.now + timedelta(minutes=5)
    time.now += timedelta(days=1)
    await one.sync.sync()
    assert one.escalate_mute(ALICE).until == time.now + timedelta(minutes=5)


# ---- Rows ----------------------------------------------------------------------------------------


def test_a_row_is_followed_within_two_seconds() -> None:
    assert ROUND_S <= 1


@rows
async def test_what_one_process_imposes_holds_in_the_other_and_is_told_once(
    one: RecordedSanctions, two: RecordedSanctions
) -> None:
    await two.sync.sync()
    one.impose(BAN, ALICE, HOUR, Reason.HATE, device=DEVICE, note="said so")
    await one.sync.sync()
    await one.sync.sync()
    await two.sync.sync()
    await two.sync.sync()
    assert two.banned(BOB, DEVICE)
    assert (one.told, two.told) == ([ALICE], [ALICE])
    found = await Sanction.objects.aget()
    assert (found.person_id, found.until, found.note) == (ALICE, START + HOUR, "said so")


@rows
async def test_rows_of_the_same_moment_and_of_a_slow_clock_are_all_read(
    one: RecordedSanctions, time: SanctionClock
) -> None:
    await one.sync.sync()
    await stamped(await row(person_id=ALICE), time.now)
    await one.sync.sync()
    time.now += timedelta(seconds=1)
    await stamped(await row(person_id=BOB), START)
    await one.sync.sync()
    time.now += timedelta(seconds=1)
    behind = await row(person_id=CHARLIE)
    await stamped(behind, START - timedelta(hours=3))
    await one.sync.sync()
    assert one.told == [ALICE, BOB, CHARLIE]
    time.now += timedelta(seconds=1)
    await stamped(behind, START - timedelta(seconds=40), lifted=START)
    await one.sync.sync()
    assert not one.banned(CHARLIE)


@rows
async def test_rows_that_are_known_are_not_read_with_each_round(
    one: RecordedSanctions, time: SanctionClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[list[str]] = []
    load = sanction_rows.load

    def counted(*asked: Any) -> list[Sanction]:
        found = load(*asked)
        read.append([row.person_id for row in found])
        return found

    monkeypatch.setattr(sanction_rows, "load", counted)
    for person_id in (ALICE, BOB):
        await stamped(await row(person_id=person_id), START - HOUR)
    await one.sync.sync()
    time.now += timedelta(seconds=1)
    await stamped(await row(person_id=CHARLIE), START - HOUR)
    await one.sync.sync()
    assert read == [[ALICE, BOB], [CHARLIE]]


@rows
async def test_a_ban_that_is_lifted_shortened_or_deleted_holds_no_more(
    one: RecordedSanctions, time: SanctionClock
) -> None:
    lifted, shortened, deleted = [await row(person_id=one_id) for one_id in (ALICE, BOB, CHARLIE)]
    await one.sync.sync()
    await stamped(lifted, time.now, lifted=time.now)
    await stamped(shortened, time.now, until=time.now)
    await one.sync.sync()
    assert not one.banned(ALICE)
    assert not one.banned(BOB)
    await deleted.adelete()
    assert one.banned(CHARLIE)
    time.now += REREAD
    await one.sync.sync()
    assert not one.banned(CHARLIE)


@rows
async def test_what_is_over_or_lifted_is_not_told_to_a_process_that_begins(
    one: RecordedSanctions,
) -> None:
    await row(person_id=ALICE, until=START)
    await stamped(await row(person_id=BOB), START, lifted=START)
    await row(person_id=CHARLIE)
    await one.sync.sync()
    assert one.told == [CHARLIE]


@rows
async def test_a_ban_of_a_person_is_completed_for_all_processes(
    one: RecordedSanctions, two: RecordedSanctions
) -> None:
    await row()
    for process in (one, two):
        await process.sync.sync()
    one.complete(in_force(one), DEVICE, ORIGIN)
    assert one.banned(BOB, DEVICE)
    assert one.slowed(ORIGIN)
    await one.sync.sync()
    await two.sync.sync()
    assert two.banned(BOB, DEVICE)
    assert two.slowed(ORIGIN)
    assert two.told == [ALICE, ALICE]
    found = await Sanction.objects.aget()
    assert (found.device, found.origin) == (DEVICE, ORIGIN)


@rows
async def test_what_a_person_came_from_replaces_nothing_that_is_known(
    one: RecordedSanctions, two: RecordedSanctions
) -> None:
    await row()
    for process in (one, two):
        await process.sync.sync()
    for process, device in ((one, DEVICE), (two, "f" * 64)):
        process.complete(in_force(process), device, ORIGIN)
        await process.sync.sync()
    assert (await Sanction.objects.aget()).device == DEVICE


@rows
async def test_what_is_completed_while_others_are_written_is_written_too_and_each_once(
    one: RecordedSanctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    for person_id in (ALICE, BOB):
        await row(person_id=person_id)
    await one.sync.sync()
    completed: list[str] = []
    complete = sanction_rows.complete

    def completing(writing: Sequence[Sanction]) -> None:
        complete(writing)
        completed.extend(each.person_id for each in writing)
        if len(completed) == 1:
            found = one.banned(BOB)
            assert found
            one.complete(found, "f" * 64, ORIGIN)

    monkeypatch.setattr(sanction_rows, "complete", completing)
    one.complete(in_force(one), DEVICE, ORIGIN)
    for _ in range(3):
        await one.sync.sync()
    assert completed == [ALICE, BOB]


# ---- Without a database --------------------------------------------------------------------------


@rows
async def test_what_could_not_be_written_holds_and_is_written_later_once(
    one: RecordedSanctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(writing: Iterable[Sanction]) -> None:
        raise OperationalError

    await row(person_id=CHARLIE)
    one.impose(BAN, ALICE, HOUR, Reason.HATE)
    with monkeypatch.context() as broken:
        broken.setattr(sanction_rows, "insert", lost)
        await one.sync.sync()
    assert one.banned(ALICE)
    assert one.banned(CHARLIE)  # what can be read is
    for _ in range(2):
        await one.sync.sync()
    assert await Sanction.objects.filter(person_id=ALICE).acount() == 1


def test_of_what_cannot_be_written_the_newest_is_kept(one: RecordedSanctions) -> None:
    for _ in range(UNWRITTEN_MAX + 10):
        one.impose(MUTE, ALICE, HOUR, Reason.SPAM)
    one.impose(MUTE, BOB, HOUR, Reason.SPAM)
    assert len(one.sync.unwritten) == UNWRITTEN_MAX
    assert one.sync.unwritten[-1].person_id == BOB


@rows
async def test_a_database_that_hangs_stops_nothing_and_holds_one_round(
    one: RecordedSanctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = Event()
    monkeypatch.setattr(sanction_rows, "load", lambda *args: answers.wait(10) and [])
    monkeypatch.setattr(module, "BRIEFLY_S", 0.01)
    one.sync.background.every(3600, one.sync.sync)
    hanging = asyncio.ensure_future(one.sync.sync())
    try:
        for _ in range(20):
            await one.sync.sync_briefly()
        one.impose(BAN, ALICE, HOUR, Reason.HATE)
        assert one.banned(ALICE)
        assert len(one.sync.background.tasks) == 2  # the one that hangs, and one behind it
    finally:
        answers.set()
    await hanging
    await one.sync.sync()
    await one.sync.background.end()
    assert await Sanction.objects.acount() == 1
