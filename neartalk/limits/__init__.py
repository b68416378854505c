"""Rate limits: the table of rules, GCRA, the stores of allowances, and under which digest an
address is counted."""

from neartalk.limits.allowances import Act, Allowances, allow
from neartalk.limits.client_address import ProxyDoubt, Route, client_address, client_of, route_of
from neartalk.limits.day_key import DayKey, MemoryDayKey, RedisDayKey
from neartalk.limits.forwarded import FORWARDED, PROXY_HEADERS
from neartalk.limits.gcra import QUEUE_MAX_MS, queue, seconds, spend
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
    widest_network,
)
from neartalk.limits.origins import DOUBTS, Origins
from neartalk.limits.published import PUBLISHED, Limits, PublishedLimits, published
from neartalk.limits.redis import RedisAllowances
from neartalk.limits.rules import RULES, Rule, Rules

__all__ = [
    "DOUBTS",
    "FORWARDED",
    "PROXY_HEADERS",
    "PUBLISHED",
    "QUEUE_MAX_MS",
    "RULES",
    "Act",
    "Allowances",
    "DayKey",
    "HitKey",
    "Hits",
    "Lane",
    "Lanes",
    "Limits",
    "MemoryAllowances",
    "MemoryDayKey",
    "Meter",
    "Meters",
    "Origin",
    "Origins",
    "ProxyDoubt",
    "PublishedLimits",
    "RedisAllowances",
    "RedisDayKey",
    "Route",
    "Rule",
    "Rules",
    "allow",
    "client_address",
    "client_of",
    "digest_of",
    "narrowest",
    "networks_of",
    "published",
    "queue",
    "route_of",
    "seconds",
    "spend",
    "widest_network",
]
