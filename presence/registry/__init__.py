"""Who is here: one contract, kept in memory or in Redis."""

from presence.registry.contract import LEASE_MS, Registry, StoreStatus, TileSnapshot
from presence.registry.memory import MemoryRegistry
from presence.registry.placing import SEEN_MS
from presence.registry.redis import RedisRegistry

__all__ = [
    "LEASE_MS",
    "SEEN_MS",
    "MemoryRegistry",
    "RedisRegistry",
    "Registry",
    "StoreStatus",
    "TileSnapshot",
]
