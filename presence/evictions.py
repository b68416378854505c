"""Who is banned is told why and goes: from every socket of this process, and from the registry."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Protocol

from neartalk.codes import Refused
from neartalk.models import Sanction
from neartalk.sanctions import Sanctions, sanctions
from presence.hub import Hub, hub
from presence.people import Session


class Guest(Protocol):
    """An open socket of either kind."""

    def refuse(self, refused: Refused) -> None:
        """Says why, and closes where the code says so."""


class Evictions:
    """One a process. Sockets come in here before anybody else knows of them."""

    def __init__(self, hub: Hub, sanctions: Sanctions) -> None:
        self.hub = hub
        self.sanctions = sanctions
        self.guests: dict[Guest, Session] = {}
        sanctions.listen(self.hear)

    def start(self) -> None:
        self.sanctions.start()

    def admit(self, guest: Guest, session: Session) -> None:
        self.guests[guest] = session

    def forget(self, guest: Guest) -> None:
        self.guests.pop(guest, None)

    def hear(self, news: Sequence[Sanction]) -> None:
        """Tells those whom it is about; who is banned is told that it is over."""
        mutes = {row.person_id: row for row in news if row.kind == Sanction.Kind.MUTE}
        bans = [row for row in news if row.kind == Sanction.Kind.BAN]
        evicted = {}
        for guest, session in [*self.guests.items()]:
            person_id = session.person.person_id
            ban = self.sanctions.banned(person_id, session.device) if bans else None
            if row := ban or mutes.get(person_id):
                guest.refuse(self.sanctions.refusal(row))
            if ban:
                evicted[session.digest] = session
                self.forget(guest)
        for row in bans:
            self.hub.later(self._close_person(row))
        self.hub.later(self._close(evicted.values()))

    async def _close(self, sessions: Iterable[Session]) -> None:
        for session in sessions:
            await self.hub.end(session)

    async def _close_person(self, ban: Sanction) -> None:
        """A ban of nothing but a person holds from now on for what their session came from."""
        session = await self.hub.registry.find(ban.person_id)
        if session is None:
            return
        if not ban.device and not ban.origin:
            self.sanctions.complete(ban, session.device, session.origin)
        await self.hub.end(session)


@cache
def evictions() -> Evictions:
    return Evictions(hub(), sanctions())
