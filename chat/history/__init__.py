"""The history of messages: one contract, kept in memory or in Redis for 30 minutes."""

from chat.history.contract import AFTER_COUNT, History, life_ms
from chat.history.memory import MemoryHistory
from chat.history.redis import RedisHistory

__all__ = [
    "AFTER_COUNT",
    "History",
    "MemoryHistory",
    "RedisHistory",
    "life_ms",
]
