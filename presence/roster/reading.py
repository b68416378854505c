"""Who is near a place, read from the registry: for a place whose tiles nobody here follows."""

from presence.geo import tiles_within
from presence.registry import Registry
from presence.roster.nearby import Nearby
from presence.roster.roster import Roster
from presence.values import Place


async def load_nearby(
    registry: Registry, place: Place, hidden: frozenset[str] = frozenset()
) -> Nearby:
    """Who is near a place, without those who are hidden. Raises Refused: `store-unavailable`."""
    roster = Roster()
    status = await registry.status(())
    tiles = tiles_within(place.cell, place.radius_m)
    for tile, snapshot in (await registry.people(tiles)).items():
        roster.load(tile, snapshot)
    return roster.nearby(place, status.processes, status.now_ms, hidden)
