"""Counts of messages and reports, for `manage.py stats`."""

import re
from collections.abc import Iterator

from chat.models import Report
from neartalk.stats import KeyCount, Stat

HISTORY = re.compile(r"\{\w{6}\}:history")

KEYS = [
    # Retractions are among them until they expire.
    KeyCount("messages", HISTORY, "XLEN"),
    KeyCount("tiles with messages", HISTORY),
]


def waiting() -> Iterator[Stat]:
    count = Report.objects.filter(state=Report.State.WAITING).count()
    yield Stat("records", "reports that wait", count)
