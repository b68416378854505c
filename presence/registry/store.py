"""The registry of this process: Redis where REDIS_URL is set, else memory."""

from functools import cache

from django.conf import settings

from neartalk.instruments import timed
from neartalk.redis import shared
from presence.registry.contract import Registry
from presence.registry.memory import MemoryRegistry
from presence.registry.redis import RedisRegistry


@cache
def registry() -> Registry:
    store: Registry = RedisRegistry(shared()) if settings.REDIS_URLS else MemoryRegistry()
    return timed(store, "registry")
