"""How often somebody may open a socket and move."""

from neartalk.codes import Refused
from neartalk.limits import Act, Allowances, allow
from presence.geo import apart
from presence.values import Place, Session


async def allow_socket(allowances: Allowances, session: Session) -> None:
    """Allows a session a socket, wherever it comes from: many people share an address. Raises
    Refused: `too-many-sockets`, `store-unavailable`.
    """
    await allow(allowances, "too-many-sockets", Act("socket.session", session.digest))


async def allow_place(allowances: Allowances, session: Session, place: Place) -> None:
    """Allows a session to tell that it is at a place, so that nobody scans a city with one session.

    Raises Refused: `too-often`, `too-far`, `store-unavailable`; then nothing was spent.
    """
    before, subject = session.requested, session.digest
    if place.site != before.site:
        metres = round(apart(before.cell, place.cell)) if before.cell else 0
        acts = [Act("place.move", subject), Act("place.travel", subject, metres)]
    elif place.radius_m != session.person.radius_m:
        acts = [Act("place.radius", subject)]
    else:
        return
    try:
        await allow(allowances, "too-often", *acts)
    except Refused as refused:
        if refused.rule != "place.travel":
            raise
        raise Refused("too-far", retry_after=refused.retry_after, rule=refused.rule) from refused
