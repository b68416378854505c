"""Who of the operators did what, for as long as the operator keeps it: Django's log entries."""

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User


def record(user: User, thing: Any, words: str) -> None:
    """A line about a row, in words that begin with what was done."""
    LogEntry.objects.log_actions(user.pk, [thing], CHANGE, words, single_object=True)
