"""The allowances and the key of the day: in Redis where REDIS_URL is set, else in memory."""

from functools import cache

from django.conf import settings

from neartalk.allowances import Allowances
from neartalk.allowances_memory import MemoryAllowances
from neartalk.allowances_redis import RedisAllowances
from neartalk.instruments import timed
from neartalk.origins import Keys, MemoryKeys, RedisKeys
from neartalk.shared import shared


@cache
def allowances() -> Allowances:
    store: Allowances = RedisAllowances(shared()) if settings.REDIS_URLS else MemoryAllowances()
    return timed(store, "allowances")


@cache
def keys() -> Keys:
    return RedisKeys(shared()) if settings.REDIS_URLS else MemoryKeys()
