"""What a process knows of voice, built once in the order in which it stands on each other."""

from dataclasses import dataclass
from typing import Self

from channels.layers import get_channel_layer
from django.conf import settings

from neartalk.redis import open_store
from presence.parts import Presence
from voice.callers import Callers, MemoryCallers, RedisCallers
from voice.signaling import Switchboard


@dataclass(frozen=True)
class Voice:
    presence: Presence
    callers: Callers
    switchboard: Switchboard

    @classmethod
    def build(cls, presence: Presence) -> Self:
        """In the embedded form there is no other process to tell."""
        callers: Callers = MemoryCallers()
        layer = None
        if settings.REDIS_URLS:
            callers, layer = RedisCallers(open_store()), get_channel_layer()
        callers = presence.platform.instruments.timed(callers, "callers")
        return cls(presence, callers, Switchboard(presence.hub, callers, layer))

    async def finish(self) -> None:
        """Waits a little for what was begun."""
        await self.switchboard.background.settle()
