"""What the registry is asked for because of an effect, and what follows from its answer."""

from collections.abc import Collection

from neartalk.records import Sanctions
from presence.delivery import Audience, Socket
from presence.geo import Tile
from presence.hub.effects import Announce, CloseSocket, Effect
from presence.hub.leases import Leases
from presence.hub.reconcile import Reconciler
from presence.hub.roster_updates import RosterUpdates
from presence.registry import Registry
from presence.sessions import why_over
from presence.values import Person, Session


class Loader:
    """Every method may raise Refused: `store-unavailable`."""

    def __init__(
        self,
        registry: Registry,
        sanctions: Sanctions,
        leases: Leases,
        audience: Audience,
        reconciler: Reconciler,
        updates: RosterUpdates,
    ) -> None:
        self.registry = registry
        self.sanctions = sanctions
        self.leases = leases
        self.audience = audience
        self.reconciler = reconciler
        self.updates = updates

    async def load_tiles(self, tiles: Collection[Tile]) -> list[Effect]:
        """Reads who is in these tiles, and which processes live if one of theirs is unknown."""
        found = await self.registry.people(tiles)
        holders = {one.process for snapshot in found.values() for one in snapshot.people.values()}
        effects: list[Effect] = []
        if not holders <= self.leases.processes | {""}:
            for process in (await self.registry.status(())).processes:
                effects += self.updates.note_process(process)
        return effects + self.updates.load(found)

    async def load_session(self, person: Person, digest: str) -> list[Effect]:
        """Reads a session for the sockets that have an older version of it."""
        epoch, session = self.leases.epoch, await self.registry.get(digest)
        if session is None:
            return await self._close_sockets(person, epoch)
        effects: list[Effect] = []
        for socket in self.audience.sockets_of(person):
            if session.person.version > socket.person.version:
                effects += self.reconciler.apply_session(socket, session)
        return effects

    async def republish(self, socket: Socket, now_ms: int) -> list[Effect]:
        """Publishes the person of a socket again where they are, under this process."""
        epoch, session = self.leases.epoch, await self.registry.get(socket.session.digest)
        if session is None:
            return await self._close_sockets(socket.person, epoch)
        # Whoever has gone from here meanwhile is held by whichever process they went to.
        if not session.person.cell or socket not in self.audience.sockets_of(socket.person):
            return []
        # Wherever that is by then: they may move meanwhile.
        process, told_ms = self.leases.process, self.audience.newcomer_ms(socket.person, now_ms)
        placing = self.registry.place(session.digest, None, process, told_ms=told_ms)
        return [Announce(await placing)]

    async def bring_into_effect(self, session: Session, now_ms: int) -> list[Effect]:
        """Publishes the person of a session at the place that is due. Whichever living process
        holds them still does, else this one where they have a socket here."""
        found = await self.registry.find(session.person.person_id)
        if found is None or found.timing != session.timing:
            return []  # Over, or another process was quicker; the session will be read.
        process = found.person.process
        here = self.leases.process if self.audience.sockets_of(found.person) else ""
        holder = process if process in self.leases.processes else here
        told_ms = self.audience.newcomer_ms(found.person, now_ms)
        placing = self.registry.place(session.digest, None, holder, was=process, told_ms=told_ms)
        return [Announce(await placing)]

    async def _close_sockets(self, person: Person, epoch: str) -> list[Effect]:
        """The session of a person is over: another process closed it, or it expired.

        Unless the store has lost it since `epoch`: then the next pulse registers it again.
        """
        if (await self.registry.status(())).epoch != epoch:
            return []
        sockets = [*self.audience.sockets_of(person)]
        if not sockets:
            return []
        refused = await why_over(self.sanctions, sockets[0].session)
        return [CloseSocket(socket, refused) for socket in sockets]
