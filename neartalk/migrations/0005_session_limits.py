"""Moves rows that are still as the old defaults were to the new ones: how many may begin from one
network, and how much a newcomer may say at once."""

from typing import Any

from django.db import migrations

# Allowance, seconds and burst: before and since.
CHANGED = {
    "session.address": ((10, 3600, 10), (120, 3600, 60)),
    "session.64": ((10, 3600, 10), (120, 3600, 60)),
    "session.56": ((40, 3600, 20), (480, 3600, 120)),
    "session.48": ((200, 3600, 50), (2400, 3600, 300)),
    "chat.new": ((6, 60, 2), (6, 60, 5)),
}


def loosen(apps: Any, schema_editor: Any) -> None:
    """What an operator has set stays."""
    for name, (before, since) in CHANGED.items():
        set_rule(apps, name, before, since)


def tighten(apps: Any, schema_editor: Any) -> None:
    for name, (before, since) in CHANGED.items():
        set_rule(apps, name, since, before)


def set_rule(apps: Any, name: str, old: tuple[int, ...], new: tuple[int, ...]) -> None:
    fields = ("allowance", "period_s", "burst")
    rows = apps.get_model("neartalk", "RateLimit").objects.filter(name=name)
    rows.filter(**dict(zip(fields, old, strict=True))).update(**dict(zip(fields, new, strict=True)))


class Migration(migrations.Migration):
    dependencies = (("neartalk", "0004_until_reviewed"),)
    operations = (migrations.RunPython(loosen, tighten),)
