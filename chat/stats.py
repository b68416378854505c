"""Counts of messages and reports, for `manage.py stats`."""

import re
from collections.abc import Iterator

from chat.models import Report
from neartalk.stats import COUNTED, SOURCES, Counted, Figure

HISTORY = re.compile(r"\{\w{6}\}:history")

COUNTED += [
    # Retractions are among them until they expire.
    Counted("messages", HISTORY, "XLEN"),
    Counted("tiles with messages", HISTORY),
]


def waiting() -> Iterator[Figure]:
    count = Report.objects.filter(state=Report.State.WAITING).count()
    yield Figure("records", "reports that wait", count)


SOURCES.append(waiting)
