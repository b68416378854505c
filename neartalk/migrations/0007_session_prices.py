"""Lets sessions past the free ones of a network cost work, where the rows are still the old
defaults, and takes away the rule of sockets by address."""

from typing import Any

from django.db import migrations, models

# Allowance, seconds and burst: before and since.
CHANGED = {
    "session.address": ((120, 3600, 60), (30, 3600, 30)),
    "session.64": ((120, 3600, 60), (30, 3600, 30)),
    "session.56": ((480, 3600, 120), (60, 3600, 60)),
    "session.48": ((2400, 3600, 300), (150, 3600, 150)),
}
BANNED_MS = 8_000


def ask_for_work(apps: Any, schema_editor: Any) -> None:
    """What an operator has set stays."""
    for name, (before, since) in CHANGED.items():
        set_rule(apps, name, before, since)
    rows = apps.get_model("neartalk", "RateLimit").objects
    rows.filter(name="session.banned").update(price_ms=BANNED_MS)
    rows.filter(name="socket.address").delete()


def refuse(apps: Any, schema_editor: Any) -> None:
    for name, (before, since) in CHANGED.items():
        set_rule(apps, name, since, before)
    rows = apps.get_model("neartalk", "RateLimit").objects
    rows.filter(name__in=("session.price1", "session.price2", "session.price3")).delete()
    rows.filter(name__in=("session.districts", "session.blamed", "session.challenge")).delete()


def set_rule(apps: Any, name: str, old: tuple[int, ...], new: tuple[int, ...]) -> None:
    fields = ("allowance", "period_s", "burst")
    rows = apps.get_model("neartalk", "RateLimit").objects.filter(name=name)
    rows.filter(**dict(zip(fields, old, strict=True))).update(**dict(zip(fields, new, strict=True)))


class Migration(migrations.Migration):
    dependencies = (("neartalk", "0006_newcomers"),)
    operations = (
        migrations.AddField(
            "RateLimit",
            "price_ms",
            models.PositiveIntegerField("price (ms)", default=0),
        ),
        migrations.RunPython(ask_for_work, refuse),
    )
