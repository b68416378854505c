"""Where the person of a session is: published in a place, and whom they are shown there."""

from django.http import HttpRequest

from neartalk.codes import Refused
from presence.parts import Presence
from presence.roster import Nearby
from presence.values import Change, Place, Session


async def placed(presence: Presence, request: HttpRequest) -> Session:
    """The session of a request that needs a place; it is shown to others for another minute.

    Raises Refused: `session-unknown`, `no-place`.
    """
    session, hub = await presence.sessions.of_request(request), presence.hub
    if not session.person.cell:
        raise Refused("no-place")
    await hub.start()
    if session.person.alive(hub.leases.processes, hub.now_ms() + 30_000):
        return session
    return (await put(presence, session, None)).session


async def put(presence: Presence, session: Session, place: Place | None) -> Change:
    """Publishes a person in a place, or where they are.

    The process that holds their sockets stays named.
    """
    hub, process = presence.hub, session.person.process
    await hub.start()
    holder = process if process in hub.leases.processes else ""
    try:
        change = await presence.registry.place(session.digest, place, holder, was=process)
    except Refused:
        hub.doubt(session)
        raise
    hub.announce(change)
    return change


async def around(presence: Presence, session: Session) -> Nearby:
    """Who is near a person who is published themselves."""
    found = await presence.hub.nearby(session.person.place, session.hidden)
    return found.seen_by(session.person.person_id)
