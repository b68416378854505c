"""The callers of this process: Redis where REDIS_URL is set, else memory."""

from functools import cache

from django.conf import settings

from neartalk.instruments import timed
from neartalk.redis import shared
from voice.callers.contract import Callers
from voice.callers.memory import MemoryCallers
from voice.callers.redis import RedisCallers


@cache
def callers() -> Callers:
    store: Callers = RedisCallers(shared()) if settings.REDIS_URLS else MemoryCallers()
    return timed(store, "callers")
