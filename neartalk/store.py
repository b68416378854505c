"""The shared store that REDIS_URL names, and what everyone keeps there, or else in memory: the
allowances and the key of the day."""

from collections.abc import Sequence
from functools import cache

from django.conf import settings

from neartalk.allowances import Allowances
from neartalk.allowances_memory import MemoryAllowances
from neartalk.allowances_redis import RedisAllowances
from neartalk.cluster import Cluster
from neartalk.origins import Keys, MemoryKeys, RedisKeys
from neartalk.redis import Store, connect


def shared() -> Store:
    """A client of what REDIS_URL names."""
    return store_at(settings.REDIS_URLS)


def store_at(urls: Sequence[str]) -> Store:
    """A client of one Redis, or of the cluster that several are nodes of."""
    return Cluster(urls) if len(urls) > 1 else connect(urls[0])


@cache
def allowances() -> Allowances:
    return RedisAllowances(shared()) if settings.REDIS_URLS else MemoryAllowances()


@cache
def keys() -> Keys:
    return RedisKeys(shared()) if settings.REDIS_URLS else MemoryKeys()
