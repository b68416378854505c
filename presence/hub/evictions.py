"""Who is banned is told why and goes: from every socket of this process, and from the registry."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from neartalk.codes import Refused
from neartalk.models import Sanction
from neartalk.records import ROUND_S, Sanctions
from presence.hub.hub import Hub
from presence.people import Session


class OpenSocket(Protocol):
    """An open socket of either kind."""

    def refuse(self, refused: Refused) -> None:
        """Says why, and closes where the code says so."""


class Evictions:
    """One a process. Sockets come in here before anybody else knows of them."""

    def __init__(self, hub: Hub, sanctions: Sanctions) -> None:
        self.hub = hub
        self.sanctions = sanctions
        self.sockets: dict[OpenSocket, Session] = {}
        self.ending: dict[str, Session] = {}
        self.closing: deque[Sanction] = deque()
        self.enforcing = asyncio.Lock()
        sanctions.listen(self.apply)

    def start(self) -> None:
        """Begins its rounds; does nothing the second time."""
        if not self.sanctions.sync.background.rounds:
            self.sanctions.sync.start()
            self.sanctions.sync.background.every(ROUND_S, self.enforce)

    def admit(self, socket: OpenSocket, session: Session) -> None:
        self.sockets[socket] = session

    def forget(self, socket: OpenSocket) -> None:
        self.sockets.pop(socket, None)

    def apply(self, news: Sequence[Sanction]) -> None:
        """Tells those whom it is about; who is banned is told that it is over."""
        mutes = [row for row in news if row.kind == Sanction.Kind.MUTE]
        bans = [row for row in news if row.kind == Sanction.Kind.BAN]
        muted = {key: row for row in mutes for key in (row.person_id, row.device) if key}
        for socket, session in [*self.sockets.items()]:
            person_id = session.person.person_id
            ban = self.sanctions.banned(person_id, session.device) if bans else None
            if row := ban or muted.get(person_id) or muted.get(session.device):
                socket.refuse(self.sanctions.refusal(row))
            if ban:
                self.ending[session.digest] = session
                self.forget(socket)
        self.closing.extend(bans)
        self.hub.later(self.enforce())

    async def enforce(self) -> None:
        """Ends sessions one by one; what the store did not take waits for the next round. Those
        whom a ban names come first: what they came from stands in their session."""
        async with self.enforcing:
            while self.closing:
                await self._close_person(self.closing[0])
                self.closing.popleft()
            while self.ending:
                digest, session = next(iter(self.ending.items()))
                await self.hub.end(session)
                del self.ending[digest]

    async def _close_person(self, ban: Sanction) -> None:
        """A ban of nothing but a person holds from now on for what their session came from."""
        session = await self.hub.registry.find(ban.person_id)
        if session is None:
            return
        if not ban.device and not ban.origin:
            self.sanctions.complete(ban, session.device, session.origin)
        await self.hub.end(session)
