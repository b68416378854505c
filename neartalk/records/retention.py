"""How long each record is kept. An app adds what is its own to KEPT in a module `retention`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db.models import Q, QuerySet

from neartalk.models import HourlyActivity, HourlyHits, RateLimitHit, Sanction

# Rows that go in one transaction.
BATCH = 2000


def delete(rows: "QuerySet[Any]") -> int:
    return rows.delete()[0]


@dataclass(frozen=True)
class Kept:
    """`due` finds the rows that ended before a time, oldest first; `days` names the setting that
    says for how long they are kept after that, `""` for not at all. `prompt` ones go within a
    minute, others within an hour; `forget` says how many went.
    """

    what: str
    words: str
    due: "Callable[[datetime], QuerySet[Any]]"
    days: str = ""
    prompt: bool = False
    forget: "Callable[[QuerySet[Any]], int]" = delete

    @property
    def day_count(self) -> int:
        return getattr(settings, self.days) if self.days else 0

    @property
    def time(self) -> str:
        """How long, in words."""
        return self.words.format(days=self.day_count)

    def over(self, now: datetime) -> "QuerySet[Any]":
        """The rows whose time is over."""
        return self.due(now - timedelta(days=self.day_count))

    def forget_some(self, now: datetime) -> int:
        """Forgets a batch of them, and says how many they were: with none, all is done.

        Several processes may do so at once: what one of them has forgotten the others find gone.
        """
        over = self.over(now)
        found = [*over.values_list("pk", flat=True)[:BATCH]]
        return self.forget(over.filter(pk__in=found)) if found else 0


KEPT = [
    Kept(
        "hits",
        "{days} days",
        lambda before: RateLimitHit.objects.filter(minute__lt=before).order_by("minute"),
        "HITS_KEPT_DAYS",
    ),
    Kept(
        "hours of hits",
        "{days} days",
        lambda before: HourlyHits.objects.filter(hour__lt=before).order_by("hour"),
        "HITS_KEPT_DAYS",
    ),
    Kept(
        "activity",
        "{days} days",
        lambda before: HourlyActivity.objects.filter(hour__lt=before).order_by("hour"),
        "ACTIVITY_KEPT_DAYS",
    ),
    Kept(
        "sanctions",
        "{days} days after their end",
        lambda before: Sanction.objects.filter(Q(until__lt=before) | Q(lifted__lt=before)).order_by(
            "until"
        ),
        "SANCTIONS_KEPT_DAYS",
    ),
    Kept(
        "admin log",
        "{days} days",
        lambda before: LogEntry.objects.filter(action_time__lt=before).order_by("action_time"),
        "ADMIN_LOG_KEPT_DAYS",
    ),
]
