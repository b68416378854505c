"""The way to Redis: one of them, or a cluster. `Store` is all that is asked of either; no command
is sent twice, and none waits for over 2 s."""

from neartalk.redis.client import TIMEOUT_S
from neartalk.redis.nodes import host_and_port, redis_nodes, redis_urls
from neartalk.redis.shared import open_store
from neartalk.redis.store import Store, script, unknown_when_lost

__all__ = [
    "TIMEOUT_S",
    "Store",
    "host_and_port",
    "open_store",
    "redis_nodes",
    "redis_urls",
    "script",
    "unknown_when_lost",
]
