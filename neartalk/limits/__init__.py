"""Rate limits: the table of rules, GCRA, the stores of allowances, and under which digest an
address is counted."""

from neartalk.limits.allowances import Act, Allowances, allow
from neartalk.limits.hits import Hits, Kind
from neartalk.limits.memory import MemoryAllowances
from neartalk.limits.origins import (
    Keys,
    MemoryKeys,
    Origin,
    RedisKeys,
    address_of,
    digest_of,
    headers_of,
    nearest,
    networks_of,
    origin_of,
    widest,
)
from neartalk.limits.redis import RedisAllowances
from neartalk.limits.rules import RULES, Rule, Rules, seconds, take

__all__ = [
    "RULES",
    "Act",
    "Allowances",
    "Hits",
    "Keys",
    "Kind",
    "MemoryAllowances",
    "MemoryKeys",
    "Origin",
    "RedisAllowances",
    "RedisKeys",
    "Rule",
    "Rules",
    "address_of",
    "allow",
    "digest_of",
    "headers_of",
    "nearest",
    "networks_of",
    "origin_of",
    "seconds",
    "take",
    "widest",
]
