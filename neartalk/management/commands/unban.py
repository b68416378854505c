"""manage.py unban: ends a ban or a mute before its time."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from neartalk.management.output import add_json, render_rows
from neartalk.models import Sanction
from neartalk.records import Overtaken, console, lift

PERSON_ID = re.compile(r"[0-9a-f]{16}")
NUMBER = re.compile(r"[1-9]\d{0,14}")


class Command(BaseCommand):
    help = (
        "Ends every ban and mute of a person that is in force, or the one of a number, as "
        "manage.py ban --list shows them. Every server process acts on it within 2 s. "
        "Who was banned begins a new visit: the old one is over."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("whom", type=person_or_number, help="a person (16 digits) or a number")
        add_json(parser)

    def handle(self, *args: Any, whom: str, **options: Any) -> None:
        rows = Sanction.objects.filter(lifted=None, until__gt=timezone.now())
        found = rows.filter(**{"person_id" if PERSON_ID.fullmatch(whom) else "pk": whom})
        ended = [row for row in found if lifted(row)]
        if not ended:
            raise CommandError(f"Nothing is in force against {whom}.")
        if options["json"]:
            told = [{"number": row.pk, "kind": row.kind, "person": row.person_id} for row in ended]
            self.stdout.write(render_rows(told, as_json=True))
            return
        for row in ended:
            self.stdout.write(f"The {row.kind} of {row.person_id} (number {row.pk}) is over.")


def lifted(row: Sanction) -> bool:
    """False: somebody else was quicker, or it ended by itself just now."""
    try:
        lift(row, console(), "With manage.py unban.")
    except Overtaken:
        return False
    return True


def person_or_number(text: str) -> str:
    if not PERSON_ID.fullmatch(text) and not NUMBER.fullmatch(text):
        raise ArgumentTypeError("a person of 16 digits, or a number of manage.py ban --list")
    return text
