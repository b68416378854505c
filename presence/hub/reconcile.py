"""Sockets are brought in line with what the registry knows of their people, and the registry with
who has sockets here.
"""

from collections.abc import Callable, Collection, Coroutine
from typing import Any

from neartalk.codes import Refused
from neartalk.records import Sanctions
from presence.delivery import Frame, Socket, signal
from presence.geo import Tile
from presence.hub.broadcaster import PresenceBroadcaster
from presence.hub.leases import Leases
from presence.people import Change, Person, Session
from presence.registry import Registry
from presence.sessions import why_over


class Reconciler:
    """`announce` tells everybody of a change, `follow` takes a socket to where its person is by
    now, `welcome` is what it is told who it is, and `later` runs work on its own."""

    def __init__(
        self,
        registry: Registry,
        sanctions: Sanctions,
        leases: Leases,
        broadcaster: PresenceBroadcaster,
        *,
        announce: Callable[[Change], None],
        follow: Callable[[Socket], Coroutine[Any, Any, None]],
        welcome: Callable[[Socket], Frame],
        later: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self.registry = registry
        self.sanctions = sanctions
        self.leases = leases
        self.broadcaster = broadcaster
        self.roster, self.audience = broadcaster.roster, broadcaster.audience
        self.announce = announce
        self.follow = follow
        self.welcome = welcome
        self.later = later

    # ---- The registry knows better -----------------------------------------------------------

    def load_if_newer(self, person: Person) -> None:
        """The registry knows something newer of a person who has sockets here: read it."""
        for socket in self.audience.sockets_of(person):
            if person.version > socket.person.version:
                self.later(self._load_session(person, socket.session.digest))
                return

    def load_if_outdated(self, socket: Socket) -> None:
        """The same, where nobody tells any more: reading may have failed."""
        listed = self.roster.person(socket.person.tile, socket.person.person_id)
        if listed:
            self.load_if_newer(listed)

    async def _load_session(self, person: Person, digest: str) -> None:
        session = await self.registry.get(digest)
        if session is None:
            await self._end_session(person)
            return
        for socket in [*self.audience.sockets_of(person)]:
            if session.person.version > socket.person.version:
                self.apply_session(socket, session)

    async def _end_session(self, person: Person) -> None:
        """Another process closed their session."""
        if sockets := [*self.audience.sockets_of(person)]:
            refused = await why_over(self.sanctions, sockets[0].session)
            for socket in sockets:
                self.audience.end(socket, refused)

    def apply_session(self, socket: Socket, session: Session) -> None:
        """Brings a socket in line with the session as it is by now."""
        before, socket.session = socket.session, session
        if not socket.person.cell:
            self.audience.end(socket, Refused("left"))
            return
        if socket.person.place != socket.place:
            self.later(self.follow(socket))
        if socket.person.name != before.person.name:
            socket.write(self.welcome(socket))
        if session.hidden != before.hidden:
            self.apply_block(socket, session.blocked - before.blocked)

    def apply_block(self, socket: Socket, blocked: Collection[str]) -> None:
        """A block stands between its person and somebody: each is gone for the other."""
        self.audience.guard(socket)
        group = self.audience.cohort_of(socket)
        if blocked:
            socket.write(signal(socket.form, "blocked", person_ids=sorted(blocked)))
        if socket.held is None and blocked:
            self.broadcaster.send_now(socket)
        elif group:
            self.broadcaster.schedule([group])  # when a departure would be seen

    # ---- The registry has lost somebody ------------------------------------------------------

    def republish_removed(self, person: Person, tile: Tile) -> None:
        """Another process took a person out who still has sockets here: put them back."""
        for socket in self.audience.sockets_of(person):
            if person.cell and person.tile == tile:
                self.later(self._republish(socket))
                return

    def republish_unlisted(self, tiles: Collection[Tile]) -> None:
        """The same, where nobody heard of it: read from the registry, they are not there."""
        for tile in tiles:
            for socket in self.audience.sockets_in(tile):
                if socket.person.tile == tile:
                    self.republish_if_unlisted(socket)

    def republish_if_unlisted(self, socket: Socket) -> None:
        """Puts its person back, if nobody sees them in the tile where they are."""
        listed = self.roster.person(socket.person.tile, socket.person.person_id)
        if listed is None or not listed.process:
            self.later(self._republish(socket))

    def republish_orphaned(self, processes: Collection[str]) -> None:
        """A process died that held people who have sockets here too."""
        for sockets in self.audience.sockets.values():
            socket = next(iter(sockets))
            if socket.person.process in processes:
                self.later(self._republish(socket))

    async def _republish(self, socket: Socket) -> None:
        session = await self.registry.get(socket.session.digest)
        if session is None:
            await self._end_session(socket.person)
        elif session.person.cell:
            place = session.person.place
            self.announce(await self.registry.place(session.digest, place, self.leases.process))
