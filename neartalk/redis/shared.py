"""The shared store that REDIS_URL names: one Redis, or a cluster of them."""

from collections.abc import Sequence

from django.conf import settings

from neartalk.redis.client import connect
from neartalk.redis.cluster import Cluster
from neartalk.redis.store import Store


def open_store() -> Store:
    """A client of its own for whoever asks."""
    return store_at(settings.REDIS_URLS)


def store_at(urls: Sequence[str]) -> Store:
    """A client of one Redis, or of the cluster that several are nodes of."""
    return Cluster(urls) if len(urls) > 1 else connect(urls[0])
