"""What makes sessions of a network dearer: they look in many tiles and stay in few, or different
people point there. Only digests are kept, for the period of the rule.

Whoever is somewhere stays for a while; whoever looks for somebody tells a first place, looks and
begins anew elsewhere. So a tile counts in which a first place was told, until one who came there
has had a page open for two minutes; for an hour each such tile takes another one off, so that a
phone company pays nothing whose people do stay. A session that has told no place yet may be kept
for later: there is room for some, each above counts as a tile.
"""

import asyncio
from collections.abc import Collection

from django.utils.crypto import salted_hmac

from neartalk.limits import TILE_RULES, Act, Origin, Rule, narrowest, widest_network
from neartalk.parts import Platform
from presence.geo import Cell, tile_of

BLAMED = "session.blamed"
# What is counted of a network.
LOOKED, STAYED, UNPLACED = "looked", "stayed", "unplaced"
# As many come without a price, and a page tells its place as soon as it has a session.
UNPLACED_MAX = 30
# After so long with a page open somebody has stayed; that counts for an hour.
STAY_MS, STAYED_MS = 120_000, 3_600_000


async def count_unplaced(platform: Platform, origin: Origin, session_digest: str) -> None:
    """A session has begun, and has told no place yet. Raises Refused: `store-unavailable`."""
    for network in judged_networks(origin):
        await _add(platform, network, UNPLACED, session_digest)


async def count_look(
    platform: Platform, origin: Origin, begun: str, session_digest: str, cell: Cell
) -> None:
    """A session takes its first place: counted for the network of the call, and for the one that it
    began from. Raises Refused: `store-unavailable`.
    """
    for network in {widest_network(origin), begun} - {""}:
        await _remove(platform, network, UNPLACED, session_digest)
        await _add(platform, network, LOOKED, tile_of(cell))
        left = await tiles_left(platform, network, tiles_period_ms(platform))
        for rule in TILE_RULES:
            limit = platform.rules[rule]
            if limit.on and left > most_tiles(limit):
                platform.records.hits.count(rule, network)


async def count_stay(platform: Platform, networks: Collection[str], cell: Cell) -> None:
    """Somebody of these networks, whose session began in a cell, has had a page open for two
    minutes. Raises Refused: `store-unavailable`.
    """
    for network in {*networks} - {""}:
        await _remove(platform, network, LOOKED, tile_of(cell))
        await _add(platform, network, STAYED, tile_of(cell))


async def tiles_left(platform: Platform, network: str, period_ms: int) -> int:
    """In how many tiles sessions of a network looked within the period, and did not stay."""
    kinds = (LOOKED, period_ms), (STAYED, STAYED_MS), (UNPLACED, period_ms)
    counting = (platform.distinct.count(subject_of(network, kind), ms) for kind, ms in kinds)
    looked, stayed, unplaced = await asyncio.gather(*counting)
    return max(0, looked - stayed) + max(0, unplaced - UNPLACED_MAX)


async def count_blame(platform: Platform, network: str, by: str) -> None:
    """Somebody has reported a person of a network; `by` is the digest of whoever did. Raises
    Refused: `store-unavailable`.
    """
    limit = platform.rules[BLAMED]
    life_ms = limit.period_s * 1000
    if not (network and by and limit.on):
        return
    if not await platform.marks.add(
        f"{_mark(network)}:{kept_digest(network, BLAMED, by)}", life_ms
    ):
        return
    _, wait_ms = await platform.allowances.spend([Act(BLAMED, network)])
    if wait_ms:
        await platform.marks.add(_mark(network), life_ms)
        platform.records.hits.count(BLAMED, network)


async def added_ms(platform: Platform, origin: Origin) -> int:
    """By how much a price is higher, in milliseconds of work."""
    networks = judged_networks(origin)
    found = await _for_tiles_ms(platform, networks)
    limit = platform.rules[BLAMED]
    marks = [_mark(one) for one in networks]
    if limit.on and (_many_banned(platform, networks) or await platform.marks.known(marks)):
        found += limit.price_ms
    return found


async def _for_tiles_ms(platform: Platform, networks: Collection[str]) -> int:
    """The dearest of the rules that a network goes beyond."""
    limits = [limit for rule in TILE_RULES if (limit := platform.rules[rule]).on]
    left = {one.period_s: 0 for one in limits}
    for period_s in left:
        counting = (tiles_left(platform, one, period_s * 1000) for one in networks)
        left[period_s] = max(await asyncio.gather(*counting), default=0)
    beyond = (one.price_ms for one in limits if left[one.period_s] > most_tiles(one))
    return max(beyond, default=0)


def judged_networks(origin: Origin) -> set[str]:
    """The networks of an address by which it is judged: the narrowest and the widest."""
    return {narrowest(origin), widest_network(origin)} - {""}


def most_tiles(limit: Rule) -> int:
    """A scale below 1 is for few people; a spot has as many tiles for them."""
    return max(limit.allowance, limit.scaled_allowance)


def tiles_period_ms(platform: Platform) -> int:
    return max(platform.rules[rule].period_s for rule in TILE_RULES) * 1000


def subject_of(network: str, kind: str) -> str:
    return f"{network}:{kind}"


def kept_digest(network: str, kind: str, member: str) -> str:
    """What is kept of a tile, a session or a reporter: says nothing without SECRET_KEY, and nothing
    beside another network or day."""
    keyed = salted_hmac(f"neartalk.suspicion.{kind}", f"{network}:{member}", algorithm="sha256")
    return keyed.hexdigest()[:16]


async def _add(platform: Platform, network: str, kind: str, member: str) -> None:
    if any(platform.rules[rule].on for rule in TILE_RULES):
        digest = kept_digest(network, kind, member)
        period_ms = STAYED_MS if kind == STAYED else tiles_period_ms(platform)
        await platform.distinct.add(subject_of(network, kind), digest, period_ms)


async def _remove(platform: Platform, network: str, kind: str, member: str) -> None:
    digest = kept_digest(network, kind, member)
    await platform.distinct.remove(subject_of(network, kind), digest)


def _many_banned(platform: Platform, networks: Collection[str]) -> bool:
    most = platform.rules[BLAMED].scaled_burst
    return any(platform.sanctions.banned_of(one) > most for one in networks)


def _mark(network: str) -> str:
    return f"{BLAMED}:{network}"
