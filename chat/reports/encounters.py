"""Whom somebody may have met or heard in the last half hour: pure. Only tiles are kept of the past,
so the answer is generous by a tile."""

from chat.feed import RenderedMessage, reaches
from presence.geo import RADIUS_MAX_M, Tile, middle_cell, tiles_within
from presence.past import tiles_of_readers
from presence.values import Session

# A tile is 1.2 km by 0.6 km at most: what is received in one was sent within this of its cells.
AROUND_M = RADIUS_MAX_M + 1_400


def tiles_of(person: Session) -> set[Tile]:
    """Where everything stands that a person sent and that is alive."""
    here = {person.person.tile} if person.person.cell else set()
    return here | {left.tile for left in person.recent_tiles}


def tiles_heard(reporter: Session) -> set[Tile]:
    """Where everything stands that somebody may have heard and that is alive."""
    around = (tiles_within(middle_cell(left.tile), AROUND_M) for left in reporter.recent_tiles)
    return {*tiles_within(*reporter.person.place.circle)}.union(*around)


def may_have_met(reporter: Session, person: Session) -> bool:
    """Whether any tile that one may have heard is one that the other was in."""
    return not tiles_heard(reporter).isdisjoint(tiles_of(person))


def may_have_heard(reporter: Session, message: RenderedMessage) -> bool:
    """Whether a message is in range of where they are, or may be shown in a tile where they were
    since."""
    if reaches(reporter.person.place, message):
        return True
    been = {left.tile for left in reporter.recent_tiles if left.left_ms >= message.at.ms}
    if max(reporter.placed_ms, reporter.cell_ms) >= message.at.ms:
        been.add(reporter.person.tile)
    return not been.isdisjoint(tiles_of_readers(message.place))
