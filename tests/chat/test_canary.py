"""Nothing of a conversation is left when its life is over: `bench/canary.py` with short lives."""

import sys

from bench.canary import watch
from tests.support.servers import Server

HURRIED = """
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "neartalk.settings"
import django

django.setup()
from django.core.management import call_command
import presence.hub.departures
import presence.hub.rounds
from presence.registry import redis_fields, redis_holders
import voice.callers.contract
import voice.callers.redis

presence.hub.departures.LINGER_S = presence.hub.rounds.TRIM_S = 2.0
for module in (voice.callers.contract, voice.callers.redis):
    module.KEEP_MS = 12_000
for module in (redis_fields, redis_holders):
    module.TILE_KEEP_MS = 12_000
call_command("serve", port=int(sys.argv[1]))
"""


class ShortRoundsServer(Server):
    """What waits in minutes waits in seconds."""

    def command(self) -> list[str]:
        return [sys.executable, "-c", HURRIED, str(self.port)]


async def test_nothing_of_a_conversation_is_left_when_it_is_over_but_a_sealed_report() -> None:
    early, late = await watch(20, 60, ShortRoundsServer)
    assert any("Redis" in found for found in early), "it was there"
    assert late == []
