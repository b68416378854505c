"""Rate limits: the table of rules, GCRA, the stores of allowances, and under which digest an
address is counted."""

from neartalk.limits.allowances import Act, allow
from neartalk.limits.hits import Hits, Kind
from neartalk.limits.origins import (
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
from neartalk.limits.rules import RULES, Rule, rule, seconds, take
from neartalk.limits.store import allowances, keys

__all__ = [
    "RULES",
    "Act",
    "Hits",
    "Kind",
    "Origin",
    "RedisKeys",
    "Rule",
    "address_of",
    "allow",
    "allowances",
    "digest_of",
    "headers_of",
    "keys",
    "nearest",
    "networks_of",
    "origin_of",
    "rule",
    "seconds",
    "take",
    "widest",
]
