"""The registry of this process: Redis where REDIS_URL is set, else memory."""

from functools import cache

from django.conf import settings

from neartalk.instruments import timed
from neartalk.shared import shared
from presence.registry import Registry
from presence.registry_memory import MemoryRegistry
from presence.registry_redis import RedisRegistry


@cache
def registry() -> Registry:
    store: Registry = RedisRegistry(shared()) if settings.REDIS_URLS else MemoryRegistry()
    return timed(store, "registry")
