"""What is written about rules, hits and activity. Runs on the thread of the database."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import TypeVar

from django.db import transaction
from django.db.models import F

from neartalk.limits import RULES, HitKey, Rule
from neartalk.models import HourlyActivity, HourlyHits, RateLimit, RateLimitHit
from neartalk.records.activity import HourArea, HourTotals
from neartalk.records.database import write_each

Key = TypeVar("Key")
Value = TypeVar("Value")


def load_rules() -> dict[str, Rule]:
    """The rules as the operator has set them, by name."""
    return {
        row.name: Rule(
            row.allowance, row.period_s, row.burst, RULES[row.name].saves, row.on, row.price_ms
        )
        for row in RateLimit.objects.filter(name__in=RULES)
    }


def write_mapping(write: Callable[[Mapping[Key, Value]], None], rows: Mapping[Key, Value]) -> None:
    """Has `write` write all rows, or each by itself but those that the database refuses."""

    @wraps(write)
    def write_items(items: list[tuple[Key, Value]]) -> list[None]:
        write(dict(items))
        return [None] * len(items)

    write_each(write_items, rows.items())


def insert_hits(counts: Mapping[HitKey, int]) -> None:
    """Writes hits by subject and minute, and adds them up by the hour: both or neither."""
    hits = [
        RateLimitHit(
            rule=key.rule,
            subject=key.subject,
            minute=time_of(key.minute_ms),
            count=count,
        )
        for key, count in counts.items()
    ]
    with transaction.atomic():
        RateLimitHit.objects.bulk_create(hits)
        add_to_hours(hits)


def add_to_hours(hits: Iterable[RateLimitHit]) -> None:
    """Adds hits to the sums of their hours. The order is the same in every process: no deadlock."""
    sums: Counter[tuple[datetime, str]] = Counter()
    for hit in hits:
        sums[hit.minute.replace(minute=0), hit.rule] += hit.count
    hours = sorted(sums)
    HourlyHits.objects.bulk_create(
        (HourlyHits(hour=hour, rule=rule) for hour, rule in hours), ignore_conflicts=True
    )
    for hour, rule in hours:
        row = HourlyHits.objects.filter(hour=hour, rule=rule)
        row.update(count=F("count") + sums[hour, rule])


def add_activity(totals: Mapping[HourArea, HourTotals]) -> None:
    """Adds totals to the rows of their hours, to which other processes add too; all or nothing.

    The order is the same in every process: no deadlock.
    """
    keys = sorted(totals)
    rows = [HourlyActivity(hour=time_of(key.hour_ms), area=key.area) for key in keys]
    with transaction.atomic():
        HourlyActivity.objects.bulk_create(rows, ignore_conflicts=True)
        for key in keys:
            more = {name: F(name) + count for name, count in totals[key]._asdict().items()}
            same = HourlyActivity.objects.filter(hour=time_of(key.hour_ms), area=key.area)
            same.update(**more)


def time_of(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
