"""manage.py limits: the rules as they stand, what they refused, and how to change one."""

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.text import capfirst

from neartalk.limits import RULES
from neartalk.management.output import Row, add_json, render_rows
from neartalk.models import HourlyHits, RateLimit
from neartalk.records import console, record


class Command(BaseCommand):
    help = (
        "Lists the rules: so many acts (allowance) in so many seconds (period), and so many at "
        "once (burst); what one costs where it costs work, in milliseconds of a middling phone "
        "(price); whether it is on; how often it refused somebody today and yesterday (UTC). "
        "'limits set chat.send --allowance 20 --burst 5' or 'limits set place.move --off' changes "
        "what is named of one rule, in every running server within 10 s, and shows it. "
        "A server that has RATE_LIMITS_SCALE or RATE_LIMITS_OFF set goes by those besides."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "words",
            nargs="*",
            metavar="NAME",
            help="which rules to list, such as chat.send; or 'set' and the one to change",
        )
        parser.add_argument("--allowance", type=int, metavar="N", help="acts in a period, from 1")
        parser.add_argument(
            "--period", type=int, dest="period_s", metavar="S", help="its seconds, from 1"
        )
        parser.add_argument("--burst", type=int, metavar="N", help="acts at once, from 1")
        parser.add_argument(
            "--price",
            type=int,
            dest="price_ms",
            metavar="MS",
            help="of what is paid for by work: milliseconds of a middling phone, from 0",
        )
        state = parser.add_mutually_exclusive_group()
        state.add_argument("--on", action="store_const", const=True, help="it refuses again")
        state.add_argument(
            "--off", action="store_const", const=False, dest="on", help="it refuses nothing"
        )
        add_json(parser)

    def handle(self, *args: Any, words: list[str], **options: Any) -> None:
        to_set = words[:1] == ["set"]
        names = words[1:] if to_set else words
        if unknown := [name for name in names if name not in RULES]:
            raise CommandError(f"There is no rule {unknown[0]!r}, but {', '.join(RULES)}")
        fields = ("allowance", "period_s", "burst", "price_ms", "on")
        given = {field: options[field] for field in fields if options[field] is not None}
        if to_set and len(names) == 1:
            change(names[0], given)
        elif to_set or given:
            raise CommandError("To change a rule: limits set NAME, and what of it")
        rows = listed(names or [*RULES])
        self.stdout.write(render_rows(rows, as_json=options["json"]))


def change(name: str, given: Mapping[str, int]) -> None:
    if not given:
        raise CommandError("What of it? --allowance, --period, --burst, --price, --on or --off")
    row = RateLimit.objects.filter(name=name).first()
    if row is None:
        raise CommandError(f"{name} has no row yet: run manage.py migrate")
    changes = changed(row, given)
    for field, value in given.items():
        setattr(row, field, value)
    try:
        row.full_clean()
    except ValidationError as why:
        raise CommandError(f"{', '.join(why.message_dict)}: {' '.join(why.messages)}") from why
    with transaction.atomic():
        row.save(update_fields=[*given])
        record(console(), row, changes or "Saved without a change")


def changed(row: RateLimit, given: Mapping[str, int]) -> str:
    """What it was and what it is, for the audit trail."""
    return "; ".join(
        f"{capfirst(one.verbose_name)}: {one.value_from_object(row)} to {given[one.name]}"
        for one in row._meta.fields
        if one.name in given and given[one.name] != one.value_from_object(row)
    )


def listed(names: Sequence[str]) -> list[Row]:
    """The rules of these names, in this order, with what each refused."""
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    hits = HourlyHits.objects.filter(rule__in=names, hour__gte=today - timedelta(days=1))
    refused = {
        rule: (now or 0, before or 0)
        for rule, now, before in hits.values_list("rule").annotate(
            now=Sum("count", filter=Q(hour__gte=today)),
            before=Sum("count", filter=Q(hour__lt=today)),
        )
    }
    rows = RateLimit.objects.in_bulk(names)
    return [row_of(rows[name], *refused.get(name, (0, 0))) for name in names if name in rows]


def row_of(rule: RateLimit, today: int, yesterday: int) -> Row:
    return {
        "name": rule.name,
        "allowance": rule.allowance,
        "period_s": rule.period_s,
        "burst": rule.burst,
        "price_ms": rule.price_ms,
        "on": rule.on,
        "refused_today": today,
        "refused_yesterday": yesterday,
    }
