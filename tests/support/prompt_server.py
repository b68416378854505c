"""NearTalk that tells of people promptly: many a test waits until a list of them is another."""

from __future__ import annotations

from tests.support.servers import Server

# The period itself is shown by tests/presence/test_presence_broadcaster.py, on a manual clock.
PROMPT = """
import os
import runpy
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neartalk.settings")
import django

django.setup()
from presence.hub import departures, presence_broadcaster

presence_broadcaster.PEOPLE_S = 0.5
{more}
del sys.argv[0]
if sys.argv[0] == "-m":
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
else:
    runpy.run_path(sys.argv[0], run_name="__main__")
"""


class PromptServer(Server):
    """Tells a cohort of changes among people every half second, not every 5 s. All else is what
    its command does."""

    more = ""

    def command(self) -> list[str]:
        python, *rest = super().command()
        return [python, "-c", PROMPT.format(more=self.more), *rest]


class AwaySoonServer(PromptServer):
    """Takes whoever closed their last page for gone, or away, at once."""

    more = "departures.LINGER_S = 0.0"
