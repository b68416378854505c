"""How long each record is kept. settings.RETENTION names the lists of rules."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from neartalk.models import HourlyActivity, HourlyHits, RateLimitHit, Sanction

# Rows that are deleted in one transaction.
BATCH = 2000


def delete_rows(rows: "QuerySet[Any]") -> int:
    return rows.delete()[0]


@dataclass(frozen=True)
class RetentionRule:
    """How long the rows of a kind are kept, and how they are deleted.

    `due` finds the rows that ended before a time, oldest first. `days` names the setting that says
    for how long they are kept after that, `""` for not at all. `prompt` rows are deleted within a
    minute, others within an hour. `delete` returns how many rows it deleted.
    """

    what: str
    words: str
    due: "Callable[[datetime], QuerySet[Any]]"
    days: str = ""
    prompt: bool = False
    delete: "Callable[[QuerySet[Any]], int]" = delete_rows

    @property
    def day_count(self) -> int:
        return getattr(settings, self.days) if self.days else 0

    @property
    def time(self) -> str:
        """For how long rows are kept, in words."""
        return self.words.format(days=self.day_count)

    def expired(self, now: datetime) -> "QuerySet[Any]":
        """The rows that are to be deleted now."""
        return self.due(now - timedelta(days=self.day_count))

    def delete_batch(self, now: datetime) -> int:
        """Deletes at most BATCH expired rows; returns how many, 0 when none is left.

        Several processes may do so at once: each deletes what the others have left.
        """
        expired = self.expired(now)
        found = [*expired.values_list("pk", flat=True)[:BATCH]]
        return self.delete(expired.filter(pk__in=found)) if found else 0


RULES = [
    RetentionRule(
        "hits",
        "{days} days",
        lambda before: RateLimitHit.objects.filter(minute__lt=before).order_by("minute"),
        "HITS_KEPT_DAYS",
    ),
    RetentionRule(
        "hours of hits",
        "{days} days",
        lambda before: HourlyHits.objects.filter(hour__lt=before).order_by("hour"),
        "HITS_KEPT_DAYS",
    ),
    RetentionRule(
        "activity",
        "{days} days",
        lambda before: HourlyActivity.objects.filter(hour__lt=before).order_by("hour"),
        "ACTIVITY_KEPT_DAYS",
    ),
    RetentionRule(
        "sanctions",
        "{days} days after their end",
        lambda before: Sanction.objects.filter(Q(until__lt=before) | Q(lifted__lt=before)).order_by(
            "until"
        ),
        "SANCTIONS_KEPT_DAYS",
    ),
    RetentionRule(
        "admin log",
        "{days} days",
        lambda before: LogEntry.objects.filter(action_time__lt=before).order_by("action_time"),
        "ADMIN_LOG_KEPT_DAYS",
    ),
]


def retention_rules() -> Iterator[RetentionRule]:
    """The rules of every app."""
    for name in settings.RETENTION:
        yield from import_string(name)
