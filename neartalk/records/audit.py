"""Who of the operators did what, for as long as the operator keeps it: Django's log entries. It is
one record in one language, English, whoever acts and whoever reads it."""

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.utils.functional import Promise
from django.utils.translation import override

# Whoever has a shell on the server; which of them, it doesn't know.
CONSOLE = "console"


def console() -> User:
    """As whom commands act: a user that nobody can log in as, made when first needed."""
    locked = {"is_active": False, "password": make_password(None)}
    return User.objects.get_or_create(username=CONSOLE, defaults=locked)[0]


def record(user: User, thing: Any, words: str | Promise, note: str = "") -> None:
    """A line about a row: what was done, and the note of whoever did it."""
    with override("en"):
        line = f"{words} {note}".strip()
        LogEntry.objects.log_actions(user.pk, [thing], CHANGE, line, single_object=True)
