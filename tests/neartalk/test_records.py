"""Rules that an operator changes, and what they refused: rows beside the people."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest
from asgiref.sync import sync_to_async
from django.db import DataError, OperationalError

from neartalk.apps import add_rules
from neartalk.codes import Refused
from neartalk.limits import RULES, HitKey, Hits, Rules, spend
from neartalk.limits.hits import HIT_KEYS_MAX, MINUTE_MS, NOBODY
from neartalk.models import HourlyHits, RateLimit, RateLimitHit
from neartalk.records import WAITING_MAX, rows
from neartalk.records import rounds as module
from neartalk.records.rounds import Records
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW_MS = 1_800_000_000_000 // MINUTE_MS * MINUTE_MS


class Minute:
    now_ms = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


# ---- Counting ------------------------------------------------------------------------------------


def test_a_flood_of_a_million_is_a_few_rows_once_its_minute_is_over() -> None:
    clock = Minute()
    hits = Hits(clock)
    hits.count("chat.send", "a", 999_999)
    hits.count("chat.send", "a")
    hits.count("chat.send", "b")
    hits.count("place.move", "a")
    assert hits.pop_finished() == {}
    clock.now_ms += MINUTE_MS
    hits.count("chat.send", "a")
    assert hits.pop_finished() == {
        HitKey("chat.send", "a", NOW_MS): 1_000_000,
        HitKey("chat.send", "b", NOW_MS): 1,
        HitKey("place.move", "a", NOW_MS): 1,
    }
    assert hits.pop_finished() == {}
    clock.now_ms += MINUTE_MS
    assert hits.pop_finished() == {HitKey("chat.send", "a", NOW_MS + MINUTE_MS): 1}


def test_of_more_subjects_than_are_remembered_the_rest_count_as_nobody() -> None:
    clock = Minute()
    hits = Hits(clock)
    for number in range(HIT_KEYS_MAX + 100):
        hits.count("session.address", str(number))
    clock.now_ms += MINUTE_MS
    counts = hits.pop_finished()
    assert len(counts) == HIT_KEYS_MAX + 1
    assert counts[HitKey("session.address", NOBODY, NOW_MS)] == 100
    assert sum(counts.values()) == HIT_KEYS_MAX + 100


# ---- The database --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
async def test_a_changed_rule_is_read_and_one_switched_off_refuses_nothing() -> None:
    records = Records(Rules())
    await RateLimit.objects.filter(name="chat.send").aupdate(allowance=60, period_s=30, burst=5)
    await RateLimit.objects.filter(name="place.travel").aupdate(on=False)
    await records.read_rules()
    send, travel = records.rules["chat.send"], records.rules["place.travel"]
    assert (send.interval_ms, send.tolerance_ms) == (500, 2000)
    assert travel.saves
    assert spend(0, NOW_MS, 10**12, travel.tolerance_of(10**9), travel.saved_ms)[1] == 0


@pytest.mark.django_db(transaction=True)
async def test_each_rule_has_a_row_and_those_that_were_set_stay() -> None:
    assert {row.name async for row in RateLimit.objects.all()} == RULES.keys()
    await RateLimit.objects.filter(name="chat.send").aupdate(allowance=99)
    await RateLimit.objects.filter(name="place.move").adelete()

    await sync_to_async(add_rules)(using="default")
    assert (await RateLimit.objects.aget(name="chat.send")).allowance == 99
    assert (await RateLimit.objects.aget(name="place.move")).burst == RULES["place.move"].burst


@pytest.mark.django_db(transaction=True)
async def test_hits_are_written_once_and_what_could_not_be_is_written_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Minute()
    records = Records(Rules())
    records.hits = Hits(clock)
    records.hits.count("chat.send", "a", 3)
    clock.now_ms += MINUTE_MS

    def lost(counts: Mapping[HitKey, int]) -> None:
        raise OperationalError

    with monkeypatch.context() as broken:
        broken.setattr(module, "insert_hits", lost)
        with pytest.raises(Refused):
            await records.write_hits()
    await records.write_hits()
    await records.write_hits()
    rows = [row async for row in RateLimitHit.objects.all()]
    assert [(row.rule, row.subject, row.count) for row in rows] == [("chat.send", "a", 3)]
    assert rows[0].minute == datetime.fromtimestamp(NOW_MS / 1000, UTC)
    assert [row.count async for row in HourlyHits.objects.all()] == [3]


@pytest.mark.django_db(transaction=True)
async def test_who_ends_in_order_writes_the_minute_that_runs_too() -> None:
    records = Records(Rules())
    records.hits = Hits(Minute())
    records.hits.count("chat.send", "a", 3)
    await records.finish()
    assert [row.count async for row in RateLimitHit.objects.all()] == [3]
    assert not records.hits.counts


async def test_what_was_accepted_is_tried_again_while_the_process_ends(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    records, tries = Records(Rules()), count(1)

    def written_at_last() -> None:
        if next(tries) < 3:
            raise OperationalError

    def never_written() -> None:
        raise OperationalError

    monkeypatch.setattr(module, "LAST_AGAIN_S", 0.01)
    records.queue.enqueue(written_at_last)
    await records.finish()
    assert next(tries) == 4
    assert "a record is not written" not in caplog.text
    monkeypatch.setattr(module, "LAST_S", 0.1)
    records.queue.enqueue(never_written)
    await records.finish()
    (said,) = [one for one in caplog.records if one.message == "a record is not written"]
    assert vars(said)["work"] == "never_written"
    assert records.queue.lost == 1


@pytest.mark.django_db(transaction=True)
async def test_hits_that_could_not_be_added_up_are_not_written_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(hits: object) -> None:
        raise OperationalError

    monkeypatch.setattr(rows, "add_to_hours", lost)
    with pytest.raises(OperationalError):
        await sync_to_async(rows.insert_hits)({HitKey("chat.send", "a", NOW_MS): 1})
    assert not await RateLimitHit.objects.aexists()


@pytest.mark.django_db(transaction=True)
async def test_hits_are_added_up_by_the_hour_whoever_wrote_them() -> None:
    for minute in (0, 59, 60):
        kinds = {
            HitKey("chat.send", "a", NOW_MS + minute * MINUTE_MS): 2,
            HitKey("chat.send", "b", NOW_MS + minute * MINUTE_MS): 3,
            HitKey("place.move", "a", NOW_MS + minute * MINUTE_MS): 1,
        }
        await sync_to_async(rows.insert_hits)(kinds)
    hours = [row async for row in HourlyHits.objects.order_by("hour", "rule")]
    assert [(row.hour.hour, row.rule, row.count) for row in hours] == [
        (8, "chat.send", 10),
        (8, "place.move", 2),
        (9, "chat.send", 5),
        (9, "place.move", 1),
    ]


# ---- Work in its order ---------------------------------------------------------------------------


class Ledger:
    """A database that can be away, and what was written to it."""

    def __init__(self) -> None:
        self.lines: list[object] = []
        self.away = False

    def write(self, line: object) -> None:
        if self.away:
            raise OperationalError
        if line == "what no database takes":
            raise DataError("with what somebody wrote")
        self.lines.append(line)


@pytest.mark.django_db(transaction=True)
async def test_work_is_done_in_its_order_and_waits_while_the_database_is_away() -> None:
    records, ledger = Records(Rules()), Ledger()
    records.queue.enqueue(ledger.write, 1)
    await tried(records)
    assert ledger.lines == [1]
    ledger.away = True
    records.queue.enqueue(ledger.write, 2)
    records.queue.enqueue(ledger.write, 3)
    await tried(records)
    with pytest.raises(Refused):
        await records.queue.write_waiting()
    ledger.away = False
    await records.queue.write_waiting()
    await records.queue.write_waiting()
    assert ledger.lines == [1, 2, 3]


@pytest.mark.django_db(transaction=True)
async def test_no_more_waits_than_may_and_whoever_comes_then_is_told() -> None:
    records, ledger = Records(Rules()), Ledger()
    ledger.away = True
    for line in range(WAITING_MAX):
        records.queue.enqueue(ledger.write, line)
    with pytest.raises(Refused) as refused:
        records.queue.enqueue(ledger.write, "one too many")
    assert (refused.value.code, refused.value.retry_after) == ("store-unavailable", 1)
    ledger.away = False
    await records.queue.write_waiting()
    assert ledger.lines == [*range(WAITING_MAX)]
    records.queue.enqueue(ledger.write, "again")


@pytest.mark.django_db(transaction=True)
async def test_what_can_never_be_written_holds_nobody_up_and_is_not_quoted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    records, ledger = Records(Rules()), Ledger()
    records.queue.enqueue(ledger.write, "what no database takes")
    records.queue.enqueue(ledger.write, 2)
    await tried(records)
    assert ledger.lines == [2]
    assert caplog.messages == ["a record is not written"]
    [record] = caplog.records
    assert (record.work, record.error) == ("write", "DataError")  # type: ignore[attr-defined]


async def tried(records: Records) -> None:
    """Until whatever was begun has come to its end."""
    async with deadline("the end of whatever was begun"):
        while records.background.tasks:
            await asyncio.gather(*records.background.tasks)


@pytest.mark.django_db(transaction=True)
async def test_what_waits_is_written_before_the_process_ends() -> None:
    records, ledger = Records(Rules()), Ledger()
    ledger.away = True
    records.queue.enqueue(ledger.write, 1)
    await tried(records)
    ledger.away = False
    await records.finish()
    assert ledger.lines == [1]


@pytest.mark.django_db(transaction=True)
def test_hits_of_an_hours_minutes_are_summed_under_the_hour_in_which_they_fell(
    each_database: str,
) -> None:
    hour_ms = NOW_MS // 3_600_000 * 3_600_000
    minutes = {0: 1, 1: 10, 59: 100, 60: 1_000, 119: 10_000, 180: 100_000}
    rows.insert_hits(
        {HitKey("chat.send", "s", hour_ms + at * MINUTE_MS): count for at, count in minutes.items()}
    )
    hour = datetime.fromtimestamp(hour_ms / 1000, UTC)
    assert [*HourlyHits.objects.order_by("hour").values_list("hour", "count")] == [
        (hour, 111),
        (hour + timedelta(hours=1), 11_000),
        (hour + timedelta(hours=3), 100_000),
    ]
