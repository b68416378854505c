"""What makes sessions of a network dearer: its visitors stand in many districts within minutes, or
different people point there. Only digests are kept, for the period of the rule.
"""

from django.utils.crypto import salted_hmac

from neartalk.limits import Act, Origin, narrowest, widest_network
from neartalk.parts import Platform
from presence.geo import Cell, parent

DISTRICTS, BLAMED = "session.districts", "session.blamed"
# 5 km.
DISTRICT_LEVEL = 5


async def count_district(platform: Platform, origin: Origin, begun: str, cell: Cell) -> None:
    """A session has taken its first place: counted for the network of the call, and for the one
    that it began from. Raises Refused: `store-unavailable`.
    """
    for network in {widest_network(origin), begun} - {""}:
        await _count(platform, DISTRICTS, network, parent(cell, DISTRICT_LEVEL))


async def count_blame(platform: Platform, network: str, by: str) -> None:
    """Somebody has reported a person of a network; `by` is the digest of whoever did. Raises
    Refused: `store-unavailable`.
    """
    if network and by:
        await _count(platform, BLAMED, network, by)


async def added_ms(platform: Platform, origin: Origin) -> int:
    """By how much a price is higher, in milliseconds of work."""
    networks = {narrowest(origin), widest_network(origin)}
    found = 0
    for rule in (DISTRICTS, BLAMED):
        limit = platform.rules[rule]
        marks = [_mark(rule, one) for one in networks]
        banned = rule == BLAMED and _many_banned(platform, networks)
        if limit.on and (banned or await platform.marks.known(marks)):
            found += limit.price_ms
    return found


def _many_banned(platform: Platform, networks: set[str]) -> bool:
    most = platform.rules[BLAMED].scaled_burst
    return any(platform.sanctions.banned_of(one) > most for one in networks)


async def _count(platform: Platform, rule: str, network: str, member: str) -> None:
    """Counts a member of a network once in the period of the rule; one more than the rule lets, and
    the network is marked for as long."""
    limit = platform.rules[rule]
    life_ms = limit.period_s * 1000
    digest = salted_hmac(f"neartalk.{rule}", f"{network}:{member}", algorithm="sha256")
    if not limit.on or not await platform.marks.add(
        f"{_mark(rule, network)}:{digest.hexdigest()[:16]}", life_ms
    ):
        return
    _, wait_ms = await platform.allowances.spend([Act(rule, network)])
    if wait_ms:
        await platform.marks.add(_mark(rule, network), life_ms)
        platform.records.hits.count(rule, network)


def _mark(rule: str, network: str) -> str:
    return f"{rule}:{network}"
