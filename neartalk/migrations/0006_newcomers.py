"""Lets whoever is new say five lines at once, where the row is still the old default."""

from typing import Any

from django.db import migrations

# At once, with 6 a minute: before and since.
BEFORE, SINCE = 2, 5


def loosen(apps: Any, schema_editor: Any) -> None:
    """What an operator has set stays."""
    set_burst(apps, BEFORE, SINCE)


def tighten(apps: Any, schema_editor: Any) -> None:
    set_burst(apps, SINCE, BEFORE)


def set_burst(apps: Any, old: int, new: int) -> None:
    rows = apps.get_model("neartalk", "RateLimit").objects
    rows.filter(name="chat.new", allowance=6, period_s=60, burst=old).update(burst=new)


class Migration(migrations.Migration):
    dependencies = (("neartalk", "0005_session_limits"),)
    operations = (migrations.RunPython(loosen, tighten),)
