"""What is kept goes when its time is over, in batches, whoever else is at it; manage.py prune."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.core.management import call_command
from django.utils import timezone

from chat.models import Report
from neartalk.limits import Rules
from neartalk.models import HourlyActivity, HourlyHits, RateLimitHit, Reason, Sanction
from neartalk.records import retention, retention_rules
from neartalk.records import rounds as module
from neartalk.records.database import with_own_connection
from neartalk.records.rounds import Records

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pytest_django.fixtures import Settings

pytestmark = pytest.mark.django_db(transaction=True)

SAID = [{"id": "1-0.2a5b67aa", "sent_at": 1, "name": "bob", "text": "canary"}]


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def hits(count: int, days: float = 31) -> None:
    row = {"rule": "chat.send", "minute": ago(days), "count": 1}
    RateLimitHit.objects.bulk_create(RateLimitHit(**row) for _ in range(count))


def sanction(ended: float, lifted: float | None = None) -> Sanction:
    return Sanction.objects.create(
        kind=Sanction.Kind.BAN,
        person_id="b" * 16,
        reason=Reason.SPAM,
        until=ago(ended),
        lifted=None if lifted is None else ago(lifted),
    )


def report(due: float, number: int = 0) -> Report:
    return Report.objects.create(
        person_id=f"{number:016}",
        reason=Reason.SPAM,
        words="he said canary",
        evidence=SAID,
        seal="e" * 64,
        deadline=ago(due),
    )


def log_entry(days: float) -> LogEntry:
    user, _ = User.objects.get_or_create(username="moderator")
    row = LogEntry.objects.create(user=user, object_repr="x", action_flag=CHANGE)
    LogEntry.objects.filter(pk=row.pk).update(action_time=ago(days))
    return row


def prune(**options: Any) -> dict[str, int]:
    """What went, by kind."""
    out = StringIO()
    call_command("prune", json=True, stdout=out, **options)
    head = "would_go" if options.get("dry_run") else "deleted"
    return {row["what"]: row[head] for row in json.loads(out.getvalue())}


def everything() -> None:
    """Of each kind one row whose time is just over, and one whose is not."""
    hits(1, 30.01)
    hits(1, 29.99)
    for days in (30.01, 29.99):
        HourlyHits.objects.create(rule="chat.send", hour=ago(days), count=1)
    for days in (400.01, 399.99):
        HourlyActivity.objects.create(hour=ago(days))
        log_entry(days)
    for days in (90.01, 89.99):
        sanction(days)
        sanction(-1, lifted=days)
    for number, days in enumerate((90.01, 89.99, 0.0001, -0.001)):
        report(days, number)


GONE = {
    "hits": 1,
    "hours of hits": 1,
    "activity": 1,
    "sanctions": 2,
    "admin log": 1,
    "evidence": 3,
    "reports": 1,
}


# ---- What goes -----------------------------------------------------------------------------------


def test_each_kind_goes_when_its_time_is_over_and_not_before(each_database: str) -> None:
    everything()
    assert prune(dry_run=True) == GONE
    assert Report.objects.filter(evidence=SAID).count() == 4
    assert prune() == GONE
    assert prune() == dict.fromkeys(GONE, 0)
    for model in (RateLimitHit, HourlyHits, HourlyActivity, LogEntry):
        assert model._default_manager.count() == 1
    assert Sanction.objects.count() == 2
    kept = Report.objects.order_by("person_id").values_list("person_id", "evidence", "seal")
    ids = [f"{number:016}" for number in (1, 2, 3)]
    assert [*kept] == [(ids[0], None, ""), (ids[1], None, ""), (ids[2], SAID, "e" * 64)]


def test_an_operator_says_how_long(each_database: str, settings: Settings) -> None:
    everything()
    for kind in ("HITS", "ACTIVITY", "SANCTIONS", "REPORTS", "ADMIN_LOG"):
        setattr(settings, f"{kind}_KEPT_DAYS", 1000)
    assert prune() == {**dict.fromkeys(GONE, 0), "evidence": 3}
    settings.HITS_KEPT_DAYS = 1
    assert prune()["hits"] == 2


def test_a_sanction_in_force_stays_however_long_ago_it_was_made() -> None:
    row = sanction(-0.01)
    Sanction.objects.filter(pk=row.pk).update(made=ago(1000), changed=ago(1000))
    prune()
    assert Sanction.objects.count() == 1


def test_the_table_says_for_how_long_and_what_would_go() -> None:
    hits(3)
    out = StringIO()
    call_command("prune", dry_run=True, stdout=out)
    lines = [line.split("  ") for line in out.getvalue().splitlines()]
    assert [part.strip() for part in filter(None, lines[0])] == ["what", "kept", "would go"]
    assert [part.strip() for part in filter(None, lines[1])] == ["hits", "30 days", "3"]
    assert RateLimitHit.objects.count() == 3


def test_a_server_that_would_delete_what_is_needed_does_not_start(settings: Settings) -> None:
    settings.SANCTIONS_KEPT_DAYS = -1
    found = [one for one in run_checks() if one.id == "neartalk.E008"]
    assert [one.hint for one in found] == [
        "SANCTIONS_KEPT_DAYS must be at least 1, or what is still needed is deleted."
    ]


# ---- In batches, and by several at once ----------------------------------------------------------


def test_much_goes_in_batches(each_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 10)
    hits(25)
    kept = next(kept for kept in retention_rules() if kept.what == "hits")
    assert [kept.delete_batch(timezone.now()) for _ in range(4)] == [10, 10, 5, 0]


@pytest.mark.parametrize("each_database", ["postgresql"], indirect=True)
def test_several_that_prune_at_once_delete_each_row_once(
    each_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 50)
    hits(2000)
    hits(3, 1)
    with ThreadPoolExecutor(3) as processes:
        gone = [processes.submit(with_own_connection, prune) for _ in range(3)]
    assert sum(one.result()["hits"] for one in gone) == 2000
    assert RateLimitHit.objects.count() == 3


# ---- By the server -------------------------------------------------------------------------------


async def test_a_server_prunes_evidence_promptly_and_the_rest_each_hour(
    each_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: dict[float, Callable[[], Any]] = {}
    records = Records(Rules())
    monkeypatch.setattr(records.background, "every", rounds.__setitem__)
    monkeypatch.setattr(records.background, "later", lambda work: work.close())
    records.start()
    await sync_to_async(everything)()
    await rounds[module.PROMPT_S]()
    assert module.PROMPT_S <= 60 / 2
    assert await Report.objects.filter(evidence__isnull=True).acount() == 3
    assert await RateLimitHit.objects.acount() == 2
    await rounds[module.PRUNE_S]()
    assert await RateLimitHit.objects.acount() == 1
    assert await Report.objects.acount() == 3
    records.database.executor.shutdown()
