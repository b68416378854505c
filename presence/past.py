"""Pure: whether a person is shown what was said, also before they came.

What is said while somebody is listed in their cell is shown by cells, and with a distance. What was
said before, or while they were gone from the lists, has none, and is shown by the square that it
was said in (`geo.squares`): wherever any cell of that lies within both reaches. So nothing is
missing that was said in range, and all readers together, of whatever sessions, places and reaches,
learn the square and how far its author reached, and no more. What comes from further off than both
reach comes from that square, which is about as wide as its author reached.

The square is the same for everybody and at all times, and nothing is drawn. Of what is moved by a
secret for each author, several moves of one cell have few cells in common: of people who stand
together, or of one who comes again under another id. And whoever heard somebody once from nearby
would know their move, wherever they speak afterwards.

No square leaves its tile, which is what history is read and followed by: nothing further needs to
be looked through.
"""

from presence.geo import Tile, is_beside, tiles_around
from presence.values import Place, Session


def is_shown(session: Session, said: Place, sent_ms: int) -> bool:
    """Whether a person is shown what somebody said then, at a place."""
    here = session.person.place
    if session.in_cell_at(sent_ms):
        return here.in_range(said)
    return may_be_shown(here, said)


def may_be_shown(here: Place, said: Place) -> bool:
    """Whether anybody at a place is shown what was said at another, whenever they came."""
    return is_beside(here.cell, said.square, min(here.radius_m, said.radius_m))


def tiles_of_readers(said: Place) -> frozenset[Tile]:
    """All tiles in which somebody may be shown what was said at a place."""
    return tiles_around(said.square, said.radius_m)
