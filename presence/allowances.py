"""How often somebody may come, open a socket and move."""

from neartalk.codes import Refused
from neartalk.http import HtmxRequest
from neartalk.limits import (
    Act,
    Allowances,
    Origin,
    allow,
    narrowest,
    widest_network,
)
from neartalk.parts import Platform
from presence.geo import apart
from presence.values import Place, Session


async def allow_session(platform: Platform, request: HtmxRequest) -> Origin:
    """Allows a session to the address of a request, and returns its networks.

    Where somebody of the address is banned, all who come from there are slowed down.
    Raises Refused: `too-many-sessions`, `store-unavailable`.
    """
    origin = await platform.origins.of(request.scope)
    near, beside = narrowest(origin), widest_network(origin)
    acts = [Act(f"session.{part}", one, beside=beside) for part, one in origin.items()]
    if platform.sanctions.slowed(near):
        acts.append(Act("session.banned", near, beside=beside))
    await allow(platform.allowances, "too-many-sessions", *acts)
    return origin


async def allow_socket(allowances: Allowances, origin: Origin, session: Session) -> None:
    """Allows a session a socket. Raises Refused: `too-many-sockets`, `store-unavailable`.

    The session is asked first: what it is refused costs the others of its address nothing.
    """
    await allow(allowances, "too-many-sockets", Act("socket.session", session.digest))
    if origin:
        await allow(allowances, "too-many-sockets", Act("socket.address", narrowest(origin)))


async def allow_place(allowances: Allowances, session: Session, place: Place) -> None:
    """Allows a session to be at a place, so that nobody scans a city with one session.

    Raises Refused: `too-often`, `too-far`, `store-unavailable`; then nothing was spent.
    """
    before, subject = session.person.place, session.digest
    if place.cell != before.cell:
        metres = round(apart(before.cell, place.cell)) if before.cell else 0
        acts = [Act("place.move", subject), Act("place.travel", subject, metres)]
    elif place.radius_m != before.radius_m:
        acts = [Act("place.radius", subject)]
    else:
        return
    try:
        await allow(allowances, "too-often", *acts)
    except Refused as refused:
        if refused.rule != "place.travel":
            raise
        raise Refused("too-far", retry_after=refused.retry_after, rule=refused.rule) from refused
