"""Takes away the row of the rule of districts, whose place the rules of tiles take."""

from typing import Any

from django.db import migrations


def forget_districts(apps: Any, schema_editor: Any) -> None:
    apps.get_model("neartalk", "RateLimit").objects.filter(name="session.districts").delete()


def forget_tiles(apps: Any, schema_editor: Any) -> None:
    names = "session.tiles1", "session.tiles2"
    apps.get_model("neartalk", "RateLimit").objects.filter(name__in=names).delete()


class Migration(migrations.Migration):
    dependencies = (("neartalk", "0007_session_prices"),)
    operations = (migrations.RunPython(forget_districts, forget_tiles),)
