"""manage.py ban: keeps somebody out, or silent, for a while; and lists who is."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from neartalk.management.output import add_json, render_rows
from neartalk.models import Reason, Sanction
from neartalk.records import LONGEST, console, record

PERSON_ID = re.compile(r"[0-9a-f]{16}")
LASTS = re.compile(r"([1-9]\d{0,5})([mhd])")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Command(BaseCommand):
    help = (
        "Bans a person, or mutes them, until an end. Every server process acts on it within 2 s: "
        "who is banned is told why, loses every connection and call, and cannot come back with "
        "that session or device; other devices of their network begin new visits slowly. "
        "With --list: says who is banned or muted. manage.py unban ends it early."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "person", nargs="?", type=person_id, help="16 digits, as in a report or a frame"
        )
        parser.add_argument(
            "--for",
            dest="lasts",
            type=lasting,
            default="1d",
            help=f"30m, 12h or 7d; at most {LONGEST.days}d (1d)",
        )
        parser.add_argument(
            "--reason", choices=Reason.values, default=Reason.OTHER.value, help="they are told it"
        )
        parser.add_argument("--note", default="", help="for other operators; nobody is told it")
        parser.add_argument("--mute", action="store_true", help="they may stay, and listen")
        parser.add_argument("--list", action="store_true", help="who is banned or muted now")
        add_json(parser)

    def handle(self, *args: Any, person: str | None, **options: Any) -> None:
        if bool(person) == options["list"]:
            raise CommandError("Whom? Give a person, or --list.")
        rows = [impose(person, options)] if person else in_force()
        if person and not options["json"]:
            self.stdout.write(sentence(rows[0]))
            return
        none = "Nobody is banned or muted."
        self.stdout.write(
            render_rows([columns(row) for row in rows], as_json=options["json"], none=none)
        )


def impose(person: str, options: Mapping[str, Any]) -> Sanction:
    if len(options["note"]) > (most := Sanction._meta.get_field("note").max_length or 0):
        raise CommandError(f"A note has at most {most} characters.")
    with transaction.atomic():
        row = Sanction.objects.create(
            kind=Sanction.Kind.MUTE if options["mute"] else Sanction.Kind.BAN,
            person_id=person,
            reason=options["reason"],
            until=timezone.now() + options["lasts"],
            by=(user := console()),
            note=options["note"],
        )
        record(user, row, f"{done(row).capitalize()} until {end(row)}. {row.note}".strip())
    return row


def in_force() -> list[Sanction]:
    rows = Sanction.objects.filter(lifted=None, until__gt=timezone.now())
    return [*rows.select_related("by").order_by("until")]


def sentence(row: Sanction) -> str:
    return f"{row.person_id} is {done(row)} until {end(row)} (number {row.pk})."


def done(row: Sanction) -> str:
    return "muted" if row.kind == Sanction.Kind.MUTE else "banned"


def end(row: Sanction) -> str:
    return f"{row.until:%Y-%m-%d %H:%M} UTC"


def columns(row: Sanction) -> dict[str, Any]:
    return {
        "number": row.pk,
        "kind": row.kind,
        "person": row.person_id,
        "reason": row.reason,
        "until": row.until,
        "device": bool(row.device),
        "made": row.made,
        "by": row.by.get_username() if row.by else None,
        "note": row.note,
    }


def person_id(text: str) -> str:
    if not PERSON_ID.fullmatch(text):
        raise ArgumentTypeError("a person is 16 digits of 0-9 and a-f")
    return text


def lasting(text: str) -> timedelta:
    found = LASTS.fullmatch(text)
    lasts = timedelta(**{UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not timedelta() < lasts <= LONGEST:
        raise ArgumentTypeError(f"30m, 12h or 7d, and at most {LONGEST.days}d")
    return lasts
