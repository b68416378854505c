"""While PostgreSQL hangs, chat goes on, and what was counted meanwhile is written afterwards."""

import sys

from bench.frozen import LISTENERS, measure
from tests.support.servers import Server

# Otherwise it takes a minute until one is over.
HURRIED = """
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "neartalk.settings"
import django

django.setup()
from django.core.management import call_command
from neartalk.limits import hits
from neartalk.records import rounds

hits.MINUTE_MS = 2000
rounds.HITS_S = 1.0
call_command("serve", port=int(sys.argv[1]))
"""


class ShortHitsServer(Server):
    """Counts by 2 s, and writes what is over each second."""

    def command(self) -> list[str]:
        return [sys.executable, "-c", HURRIED, str(self.port)]


async def test_while_postgresql_is_stopped_all_is_heard_and_what_was_counted_is_written() -> None:
    figures = await measure(3, 10, ShortHitsServer)
    assert figures.sent == 90
    assert figures.heard == figures.sent * LISTENERS
    assert figures.refused > figures.sent / 2
    assert figures.recorded == figures.refused
