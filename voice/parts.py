"""The parts of voice, built once a process."""

from dataclasses import dataclass
from typing import Self, cast

from channels.layers import get_channel_layer
from django.conf import settings
from django.http import HttpRequest

from neartalk.parts import state_of
from neartalk.redis import open_store
from presence.parts import Presence
from voice.callers import Callers, MemoryCallers, RedisCallers
from voice.relay_watch import RelayWatch
from voice.signaling import VoiceHub


@dataclass(frozen=True)
class Voice:
    presence: Presence
    callers: Callers
    hub: VoiceHub
    relay_watch: RelayWatch

    @classmethod
    def build(cls, presence: Presence) -> Self:
        """In the embedded form there is no channel layer: there are no other processes."""
        callers: Callers = MemoryCallers()
        layer = None
        if settings.REDIS_URLS:
            callers, layer = RedisCallers(open_store()), get_channel_layer()
        callers = presence.platform.instruments.timed(callers, "callers")
        hub = VoiceHub(presence.hub, callers, layer)
        return cls(presence, callers, hub, RelayWatch(hub.background))

    async def finish(self) -> None:
        """Waits a little for tasks under way."""
        await self.hub.background.settle()


def voice_of(request: HttpRequest) -> Voice:
    return cast(Voice, state_of(request)["voice"])
