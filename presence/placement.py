"""Where the person of a session is: published in a place, and whom they are shown there."""

import math
from collections.abc import Collection

from django.http import HttpRequest

from neartalk.codes import Refused
from presence.far_moves import far_holds_ms
from presence.parts import Presence
from presence.place_clock import effective_in_ms
from presence.roster import Nearby
from presence.values import Change, Place, Session


async def placed(presence: Presence, request: HttpRequest) -> Session:
    """The session of a request that needs a place; it is shown to others for another minute.

    Raises Refused: `session-unknown`, `no-place`.
    """
    session = await presence.sessions.of_request(request)
    if not session.person.cell:
        raise Refused("no-place")
    return await shown(presence, session)


async def shown(presence: Presence, session: Session) -> Session:
    """A session with a place, whose person is in it for others before they see who is there: at the
    place in effect by now, and for half a minute at least."""
    hub = presence.hub
    await hub.start()
    listed = session.person.alive(hub.leases.processes, hub.now_ms() + 30_000)
    if listed and not session.is_due(hub.now_ms()):
        return session
    return (await put(presence, session, None)).session


async def put(
    presence: Presence, session: Session, told: Place | None, *, networks: Collection[str] = ()
) -> Change:
    """Publishes a person where they are, or as they tell that they are elsewhere, from these
    networks.

    The process that holds their sockets stays named.
    """
    registry, hub, process = presence.registry, presence.hub, session.person.process
    await hub.start()
    holder = process if process in hub.leases.processes else ""
    try:
        who, told_ms = session.digest, hub.newcomer_ms(session)
        if told:
            far_ms = await far_holds_ms(presence.platform, networks, session, told, hub.now_ms())
            change = await registry.request_place(
                who, told, holder, was=process, told_ms=told_ms, far_holds_ms=far_ms
            )
        else:
            change = await registry.place(who, None, holder, was=process, told_ms=told_ms)
    except Refused:
        hub.doubt(session)
        raise
    hub.announce(change)
    return change


async def around(presence: Presence, session: Session) -> Nearby:
    """Who is near a person who is `shown` themselves."""
    presence.hub.note_newcomers(session)
    found = await presence.hub.nearby(session.person.place, session.unlisted)
    return found.seen_by(session.person.person_id)


def effective_in_s(presence: Presence, session: Session) -> int:
    """Seconds until the place that was told last takes effect, at most; 0 where it has."""
    now_ms = presence.hub.now_ms()
    return math.ceil(effective_in_ms(session.person.place, session.timing, now_ms) / 1000)
