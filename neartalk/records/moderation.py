"""What an operator decides about somebody: rows, each with its line in the audit trail. Every
process follows them within 2 s."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from neartalk.models import Sanction
from neartalk.records.audit import record


class Overtaken(Exception):
    """Somebody else decided since the operator looked."""


def lift(sanction: Sanction, user: User, note: str) -> str:
    """Ends it now. Raises Overtaken: it was lifted already, or has ended by itself."""
    now = timezone.now()
    with transaction.atomic():
        running = Sanction.objects.filter(pk=sanction.pk, lifted=None, until__gt=now)
        if not running.update(lifted=now, changed=now):
            raise Overtaken
        record(user, sanction, f"Lifted. {note}")
    return "Lifted."


def lift_reviewed(person_id: str) -> int:
    """Ends what was to hold until somebody has looked; how many there were."""
    now = timezone.now()
    running = Sanction.objects.filter(
        until_reviewed=True, person_id=person_id, lifted=None, until__gt=now
    )
    return running.update(lifted=now, changed=now)


def words_of(lasts: timedelta) -> str:
    hours = lasts // timedelta(hours=1)
    count, unit = (hours // 24, "day") if hours % 24 == 0 else (hours, "hour")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
