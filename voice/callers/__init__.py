"""Who is in voice and how they stand with each other: one contract, in memory or in Redis."""

from voice.callers.contract import (
    AWAY_MS,
    DECLINED_MS,
    Caller,
    Callers,
    Decide,
    Decision,
    District,
    DoorState,
    Tie,
    district_of,
    districts_in_reach,
)
from voice.callers.memory import MemoryCallers
from voice.callers.redis import RedisCallers
from voice.callers.wire import from_fields, to_fields

__all__ = [
    "AWAY_MS",
    "DECLINED_MS",
    "Caller",
    "Callers",
    "Decide",
    "Decision",
    "District",
    "DoorState",
    "MemoryCallers",
    "RedisCallers",
    "Tie",
    "district_of",
    "districts_in_reach",
    "from_fields",
    "to_fields",
]
