"""The callers of this process: Redis where REDIS_URL is set, else memory."""

from functools import cache

from django.conf import settings

from neartalk.instruments import timed
from neartalk.shared import shared
from voice.callers import Callers
from voice.callers_memory import MemoryCallers
from voice.callers_redis import RedisCallers


@cache
def callers() -> Callers:
    store: Callers = RedisCallers(shared()) if settings.REDIS_URLS else MemoryCallers()
    return timed(store, "callers")
