"""Who of the operators did what, for as long as the operator keeps it: Django's log entries."""

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User

# Whoever has a shell on the server; which of them, it doesn't know.
CONSOLE = "console"


def console() -> User:
    """As whom commands act: a user that nobody can log in as, made when first needed."""
    locked = {"is_active": False, "password": make_password(None)}
    return User.objects.get_or_create(username=CONSOLE, defaults=locked)[0]


def record(user: User, thing: Any, words: str) -> None:
    """A line about a row, in words that begin with what was done."""
    LogEntry.objects.log_actions(user.pk, [thing], CHANGE, words, single_object=True)
