"""The allowances and the key of the day: in Redis where REDIS_URL is set, else in memory."""

from functools import cache

from django.conf import settings

from neartalk.instruments import timed
from neartalk.limits.allowances import Allowances
from neartalk.limits.day_key import DayKey, MemoryDayKey, RedisDayKey
from neartalk.limits.memory import MemoryAllowances
from neartalk.limits.redis import RedisAllowances
from neartalk.redis import shared


@cache
def allowances() -> Allowances:
    store: Allowances = RedisAllowances(shared()) if settings.REDIS_URLS else MemoryAllowances()
    return timed(store, "allowances")


@cache
def keys() -> DayKey:
    return RedisDayKey(shared()) if settings.REDIS_URLS else MemoryDayKey()
