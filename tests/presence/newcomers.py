"""Places by columns and rows from a corner of a tile, and people who have just come to one."""

from presence.geo import CELL_DEGREES, Tile, cell_at, centre, middle_cell
from presence.values import Person, Place, Session

HOME: Tile = "u33dc0"
NOW_MS = 1_700_000_000_000


def at(x: int, y: int, radius_m: int = 500, tile: Tile = HOME) -> Place:
    """A place so many columns and rows from the south-western cell of a tile. In HOME columns are
    93 m wide, rows 153 m high."""
    lat, lon = centre(middle_cell(tile))
    lat, lon = lat + (y - 2) * CELL_DEGREES, lon + (x - 4) * CELL_DEGREES
    return Place(cell_at(lat, (lon + 180) % 360 - 180), radius_m)


def newcomer(place: Place, came_ms: int = NOW_MS) -> Session:
    somebody = Person("reader", "Reader", *place, process="one")
    return Session("digest", somebody, 3, placed_ms=came_ms, cell_ms=came_ms)
