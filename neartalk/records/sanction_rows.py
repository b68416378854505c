"""Sanctions in the database. Runs on the thread of the database."""

from collections.abc import Iterable
from copy import copy
from datetime import UTC, datetime

from django.db.models import Q
from django.utils import timezone

from neartalk.models import Sanction
from neartalk.records.database import write_each

EPOCH = datetime.fromtimestamp(0, UTC)


def insert(rows: Iterable[Sanction]) -> list[int | None]:
    """Their keys; None for one that the database refuses, which is logged. Copies are written: of a
    write that fails nobody knows how far it went."""
    return write_each(insert_all, rows)


def insert_all(rows: Iterable[Sanction]) -> list[int]:
    return [row.pk for row in Sanction.objects.bulk_create(map(copy, rows))]


def complete(rows: Iterable[Sanction]) -> None:
    """Adds the device and the network to rows that name only a person."""
    for row in rows:
        unknown = Sanction.objects.filter(pk=row.pk, device="", origin="")
        unknown.update(device=row.device, origin=row.origin, changed=timezone.now())


def load(ending: datetime, since: datetime, newest: int) -> list[Sanction]:
    """Rows that end after `ending` and were written after `since`, or have a key above `newest`;
    since EPOCH, all that are not lifted."""
    rows = Sanction.objects.filter(until__gt=ending)
    if since == EPOCH:
        return [*rows.filter(lifted=None)]
    return [*rows.filter(Q(changed__gt=since) | Q(pk__gt=newest))]
