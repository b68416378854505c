"""What a process knows of people, built once in the order in which it stands on each other."""

from dataclasses import dataclass
from typing import Self, cast

from channels.layers import get_channel_layer
from django.conf import settings
from django.http import HttpRequest

from neartalk.parts import Platform, state_of
from neartalk.redis import open_store
from presence.hub import Evictions, Hub
from presence.registry import MemoryRegistry, RedisRegistry, Registry
from presence.sessions import Sessions


@dataclass(frozen=True)
class Presence:
    platform: Platform
    registry: Registry
    sessions: Sessions
    hub: Hub
    evictions: Evictions

    @classmethod
    def build(cls, platform: Platform) -> Self:
        """In the embedded form the hub joins no group: there is nobody else."""
        registry: Registry = MemoryRegistry()
        layer = None
        if settings.REDIS_URLS:
            registry, layer = RedisRegistry(open_store()), get_channel_layer()
        registry = platform.instruments.timed(registry, "registry", status="pulse", reap="bury")
        return cls.of(platform, registry, Hub(platform, registry, layer))

    @classmethod
    def of(cls, platform: Platform, registry: Registry, hub: Hub) -> Self:
        """Around a hub that stands already."""
        sanctions = platform.sanctions
        return cls(
            platform,
            registry,
            Sessions(registry, sanctions, hub.leases.settles),
            hub,
            Evictions(hub, sanctions),
        )

    def start(self) -> None:
        """Begins to read who is banned. The hub starts with its first socket or call."""
        self.evictions.start()

    async def finish(self) -> None:
        """Publishes what waits, and keeps the people of this process for one more lease."""
        await self.hub.finish()


def presence_of(request: HttpRequest) -> Presence:
    return cast(Presence, state_of(request)["presence"])
