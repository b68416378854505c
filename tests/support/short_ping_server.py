"""NearTalk in a hurry: what waits for a minute takes some seconds."""

from __future__ import annotations

import sys

from tests.support.servers import Server

# With the real periods it takes the better part of a minute.
HURRIED = """
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "neartalk.settings"
import django

django.setup()
from django.core.management import call_command
from neartalk.server import keepalive
from presence.hub import departures, hub

keepalive.PING_S = 4
departures.LINGER_S = 4
hub.COMPARE_S = 1
call_command("serve", port=int(sys.argv[1]))
"""


class ShortPingServer(Server):
    """Misses who is silent for 6 s, takes them out 4 s after their last sign of life, and compares
    every second who is listed."""

    def command(self) -> list[str]:
        return [sys.executable, "-c", HURRIED, str(self.port)]
