"""What an operator decides about somebody: rows, each with its line in the audit trail. Every
process follows them within 2 s."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from neartalk.models import Sanction
from neartalk.records.audit import record

# Translators: what was done to a mute or a ban: it ended early.
LIFTED = _("Lifted.")


class Overtaken(Exception):
    """Somebody else decided since the operator looked."""


def lift(sanction: Sanction, user: User, note: str) -> str:
    """Ends it now. Raises Overtaken: it was lifted already, or has ended by itself."""
    now = timezone.now()
    with transaction.atomic():
        running = Sanction.objects.filter(pk=sanction.pk, lifted=None, until__gt=now)
        if not running.update(lifted=now, changed=now):
            raise Overtaken
        record(user, sanction, LIFTED, note)
    return str(LIFTED)


def lift_reviewed(person_id: str) -> int:
    """Ends what was to hold until somebody has looked; how many there were."""
    now = timezone.now()
    running = Sanction.objects.filter(
        until_reviewed=True, person_id=person_id, lifted=None, until__gt=now
    )
    return running.update(lifted=now, changed=now)
