"""Rate limits: the table of rules, GCRA, the stores of allowances, and under which digest an
address is counted."""

from neartalk.limits.allowances import Act, allow
from neartalk.limits.client_address import client_address, peer_and_forwarded
from neartalk.limits.day_key import RedisDayKey
from neartalk.limits.gcra import seconds, spend
from neartalk.limits.hits import HitKey, Hits
from neartalk.limits.origins import (
    Origin,
    digest_of,
    narrowest,
    networks_of,
    origin_of,
    widest_network,
)
from neartalk.limits.rules import RULES, Rule, rule
from neartalk.limits.store import allowances, keys

__all__ = [
    "RULES",
    "Act",
    "HitKey",
    "Hits",
    "Origin",
    "RedisDayKey",
    "Rule",
    "allow",
    "allowances",
    "client_address",
    "digest_of",
    "keys",
    "narrowest",
    "networks_of",
    "origin_of",
    "peer_and_forwarded",
    "rule",
    "seconds",
    "spend",
    "widest_network",
]
