"""Sessions of a network that go far and wide: whoever looks for somebody in a city does so with
several. So beyond a rule a place holds longer before the next far one.

A tile counts that a session left for a place further away than anybody walks meanwhile. People in
one bus leave the same tiles, and whoever walks leaves none. Only digests are kept, for the period
of the rule.
"""

from collections.abc import Collection

from neartalk.parts import Platform
from presence.geo import Cell, tile_of
from presence.place_clock import advance, is_beyond_a_walk, reaching, request
from presence.suspicion import kept_digest, most_tiles, subject_of
from presence.values import Place, Session

FAR_TILES = "place.tiles"
# What is counted of a network.
LEFT = "left"
FAR_HOLDS_MS = 240_000


async def far_holds_ms(
    platform: Platform, networks: Collection[str], session: Session, told: Place, now_ms: int
) -> int:
    """How long the place in effect holds at least before a told one that is far; 0 where it holds
    no longer than ever. Raises Refused: `store-unavailable`."""
    told = reaching(*told)
    place, timing = advance(session.person.place, session.timing, now_ms)
    if not (place.cell and platform.rules[FAR_TILES].on and is_beyond_a_walk(place, told)):
        return 0
    # What comes too late for a move that waits is told before its session is there.
    pending = request(place, timing, told, now_ms, min)[1].pending
    left = {place.cell, pending.place.cell if pending and pending.next else place.cell}
    beyond = [await _are_many_left(platform, one, left) for one in {*networks} - {""}]
    return FAR_HOLDS_MS if any(beyond) else 0


async def _are_many_left(platform: Platform, network: str, cells: Collection[Cell]) -> bool:
    """Counts the tiles of cells that a session leaves; whether that are more than may be."""
    limit, subject = platform.rules[FAR_TILES], subject_of(network, LEFT)
    for cell in cells:
        tile = kept_digest(network, LEFT, tile_of(cell))
        times = await platform.distinct.add(subject, tile, limit.period_s * 1000)
    if times <= most_tiles(limit):
        return False
    platform.records.hits.count(FAR_TILES, network)
    return True
