"""What `manage.py stats` counts: in each Redis, as a running server says, and in the database."""

from neartalk.stats.records import refused
from neartalk.stats.redis import COUNTED, KEYS_MAX, SOURCES, TIMEOUT_S, Counted, Figure, shared
from neartalk.stats.server import server

__all__ = [
    "COUNTED",
    "KEYS_MAX",
    "SOURCES",
    "TIMEOUT_S",
    "Counted",
    "Figure",
    "refused",
    "server",
    "shared",
]
