"""Rate limits: the table of rules, GCRA, the stores of allowances, and under which digest an
address is counted."""

from neartalk.limits.allowances import Act, Allowances, allow
from neartalk.limits.client_address import client_address, peer_and_forwarded
from neartalk.limits.day_key import DayKey, MemoryDayKey, RedisDayKey
from neartalk.limits.gcra import seconds, spend
from neartalk.limits.hits import HitKey, Hits
from neartalk.limits.lane import Lane
from neartalk.limits.lanes import Lanes
from neartalk.limits.memory import MemoryAllowances
from neartalk.limits.meter import Meter, Meters
from neartalk.limits.networks import (
    Origin,
    digest_of,
    narrowest,
    networks_of,
    origin_of,
    widest_network,
)
from neartalk.limits.redis import RedisAllowances
from neartalk.limits.rules import RULES, Rule, Rules

__all__ = [
    "RULES",
    "Act",
    "Allowances",
    "DayKey",
    "HitKey",
    "Hits",
    "Lane",
    "Lanes",
    "MemoryAllowances",
    "MemoryDayKey",
    "Meter",
    "Meters",
    "Origin",
    "RedisAllowances",
    "RedisDayKey",
    "Rule",
    "Rules",
    "allow",
    "client_address",
    "digest_of",
    "narrowest",
    "networks_of",
    "origin_of",
    "peer_and_forwarded",
    "seconds",
    "spend",
    "widest_network",
]
