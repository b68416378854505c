"""Applies bans and mutes to open sockets, and ends the sessions of who is banned."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from neartalk.codes import Refused
from neartalk.models import Sanction
from neartalk.records import ROUND_S, Sanctions
from presence.hub.hub import Hub
from presence.values import Session


class OpenSocket(Protocol):
    """An open socket of either kind."""

    def refuse(self, refused: Refused) -> None:
        """Writes a refusal, and closes the socket if its code says so."""


class Evictions:
    """One a process. Sockets are admitted as soon as their session is known: no ban misses one.

    `ending` are sessions of banned people by digest, `closing` are bans whose person may have a
    session elsewhere: both wait for the store.
    """

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
        """News reaches this socket from now on."""
        self.sockets[socket] = session

    def forget(self, socket: OpenSocket) -> None:
        """The socket is gone."""
        self.sockets.pop(socket, None)

    def apply(self, news: Sequence[Sanction]) -> None:
        """Sends a refusal to each socket that new sanctions are about, and closes it for a ban."""
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
        """Ends sessions one by one; what the store does not take waits for the next round.

        People whom a ban names come first: their session holds what the ban is completed by.
        """
        async with self.enforcing:
            while self.closing:
                await self._close_person(self.closing[0])
                self.closing.popleft()
            while self.ending:
                digest, session = next(iter(self.ending.items()))
                await self.hub.end(session, at_once=True)
                del self.ending[digest]

    async def _close_person(self, ban: Sanction) -> None:
        """Ends the session of a banned person; a ban of nothing else extends to its origin."""
        session = await self.hub.registry.find(ban.person_id)
        if session is None:
            # They left a moment ago, or another process was quicker.
            await self.hub.end_lingering(ban.person_id)
            return
        if not ban.device and not ban.origin:
            self.sanctions.complete(ban, session.device, session.origin)
        await self.hub.end(session, at_once=True)
