"""Rows for tests of operation: staff users, reports, evidence and sanctions."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.utils import timezone

from chat.models import Report
from chat.reports import seal_of
from neartalk.models import Sanction
from neartalk.operators import add_groups

DAY = timedelta(days=1)


def operator(name: str, group: str) -> User:
    add_groups(using="default")
    user = User.objects.create_user(name, password="a long evening", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    return user


def evidence(*texts: str) -> list[dict[str, Any]]:
    return [
        {"id": f"{at}-0.00000000", "sent_at": 1_800_000_000_000 + at, "name": "Bob", "text": text}
        for at, text in enumerate(texts)
    ]


def report(**fields: Any) -> Report:
    """By somebody new, of bob unless the fields say whom."""
    kept = fields.get("evidence")
    known = {
        "person_id": "b" * 16,
        "name": "Bob",
        "reason": "spam",
        "deadline": timezone.now() + 30 * DAY,
        "subject": secrets.token_hex(16),
        "reporter": secrets.token_hex(16),
        "device": "d" * 64,
        "origin": "e" * 32,
        "seal": seal_of(kept) if kept else "",
        "message_id": kept[-1]["id"] if kept else "",
    }
    return Report.objects.create(**{**known, **fields})


def sanction(**fields: Any) -> Sanction:
    """A mute of bob that nobody decided, unless the fields say otherwise."""
    known = {"kind": "mute", "person_id": "b" * 16, "reason": "spam"}
    return Sanction.objects.create(**{"until": timezone.now() + DAY, **known, **fields})
