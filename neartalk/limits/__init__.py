"""Rate limits: the table of rules, GCRA, the stores of allowances, under which digest an address is
counted, and the work that is asked for in place of a refusal."""

from neartalk.limits.allowances import Act, Allowances, allow
from neartalk.limits.challenge import LIFE_MS, Paid, life_of, new_challenge, read_solution
from neartalk.limits.client_address import ProxyDoubt, Route, client_address, client_of, route_of
from neartalk.limits.day_key import DayKey, MemoryDayKey, RedisDayKey
from neartalk.limits.distinct import DistinctCounts, MemoryDistinctCounts, RedisDistinctCounts
from neartalk.limits.forwarded import FORWARDED, PROXY_HEADERS
from neartalk.limits.gcra import QUEUE_MAX_MS, queue, seconds, spend
from neartalk.limits.hits import HitKey, Hits
from neartalk.limits.lane import Lane
from neartalk.limits.lanes import Lanes
from neartalk.limits.marks import Marks, MemoryMarks, RedisMarks
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
from neartalk.limits.rules import (
    PRICE_MAX_MS,
    PRICED,
    RULES,
    TILE_RULES,
    TOTAL_MAX_MS,
    Rule,
    Rules,
    price_max_ms,
)
from neartalk.limits.sentences import sentence_of
from neartalk.limits.sliding import (
    MemorySlidingCounts,
    Quota,
    RedisSlidingCounts,
    SlidingCounts,
)

__all__ = [
    "DOUBTS",
    "FORWARDED",
    "LIFE_MS",
    "PRICED",
    "PRICE_MAX_MS",
    "PROXY_HEADERS",
    "PUBLISHED",
    "QUEUE_MAX_MS",
    "RULES",
    "TILE_RULES",
    "TOTAL_MAX_MS",
    "Act",
    "Allowances",
    "DayKey",
    "DistinctCounts",
    "HitKey",
    "Hits",
    "Lane",
    "Lanes",
    "Limits",
    "Marks",
    "MemoryAllowances",
    "MemoryDayKey",
    "MemoryDistinctCounts",
    "MemoryMarks",
    "MemorySlidingCounts",
    "Meter",
    "Meters",
    "Origin",
    "Origins",
    "Paid",
    "ProxyDoubt",
    "PublishedLimits",
    "Quota",
    "RedisAllowances",
    "RedisDayKey",
    "RedisDistinctCounts",
    "RedisMarks",
    "RedisSlidingCounts",
    "Route",
    "Rule",
    "Rules",
    "SlidingCounts",
    "allow",
    "client_address",
    "client_of",
    "digest_of",
    "life_of",
    "narrowest",
    "networks_of",
    "new_challenge",
    "price_max_ms",
    "published",
    "queue",
    "read_solution",
    "route_of",
    "seconds",
    "sentence_of",
    "spend",
    "widest_network",
]
