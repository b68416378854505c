"""What is said and reported, for `manage.py stats`."""

import re
from collections.abc import Iterator

from chat.models import Report
from neartalk.stats import KeyCount, Stat

HISTORY = re.compile(r"\{\w{6}\}:history")

KEYS = [
    # What was taken back stands among them until its time is over.
    KeyCount("messages", HISTORY, "XLEN"),
    KeyCount("tiles with messages", HISTORY),
]


def waiting() -> Iterator[Stat]:
    count = Report.objects.filter(state=Report.State.WAITING).count()
    yield Stat("records", "reports that wait", count)
