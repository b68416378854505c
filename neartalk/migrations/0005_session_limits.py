"""Lets as many begin from one network as the new defaults say, where the row is still the old one."""

from typing import Any

from django.db import migrations

# Allowance and burst, an hour: before and since.
CHANGED = {
    "session.address": ((10, 10), (120, 60)),
    "session.64": ((10, 10), (120, 60)),
    "session.56": ((40, 20), (480, 120)),
    "session.48": ((200, 50), (2400, 300)),
}


def loosen(apps: Any, schema_editor: Any) -> None:
    """What an operator has set stays."""
    for name, (before, since) in CHANGED.items():
        set_rule(apps, name, before, since)


def tighten(apps: Any, schema_editor: Any) -> None:
    for name, (before, since) in CHANGED.items():
        set_rule(apps, name, since, before)


def set_rule(apps: Any, name: str, old: tuple[int, int], new: tuple[int, int]) -> None:
    rows = apps.get_model("neartalk", "RateLimit").objects.filter(
        name=name, period_s=3600, allowance=old[0], burst=old[1]
    )
    rows.update(allowance=new[0], burst=new[1])


class Migration(migrations.Migration):
    dependencies = (("neartalk", "0004_until_reviewed"),)
    operations = (migrations.RunPython(loosen, tighten),)
