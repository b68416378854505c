"""The parts of voice, built once a process."""

from dataclasses import dataclass
from typing import Self

from channels.layers import get_channel_layer
from django.conf import settings

from neartalk.redis import open_store
from presence.parts import Presence
from voice.callers import Callers, MemoryCallers, RedisCallers
from voice.signaling import VoiceHub


@dataclass(frozen=True)
class Voice:
    presence: Presence
    callers: Callers
    hub: VoiceHub

    @classmethod
    def build(cls, presence: Presence) -> Self:
        """In the embedded form there is no channel layer: there are no other processes."""
        callers: Callers = MemoryCallers()
        layer = None
        if settings.REDIS_URLS:
            callers, layer = RedisCallers(open_store()), get_channel_layer()
        callers = presence.platform.instruments.timed(callers, "callers")
        return cls(presence, callers, VoiceHub(presence.hub, callers, layer))

    async def finish(self) -> None:
        """Waits a little for tasks under way."""
        await self.hub.background.settle()
