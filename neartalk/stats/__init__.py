"""What `manage.py stats` counts: in each Redis, as a running server says, and in the database."""

from neartalk.stats.redis import KEYS_MAX, redis_stats
from neartalk.stats.server import server_stats
from neartalk.stats.stat import TIMEOUT_S, KeyCount, Stat, StatSource

__all__ = [
    "KEYS_MAX",
    "TIMEOUT_S",
    "KeyCount",
    "Stat",
    "StatSource",
    "redis_stats",
    "server_stats",
]
