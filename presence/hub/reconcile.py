"""Sockets are brought in line with what the registry knows of their people, and the registry with
who has sockets here.
"""

from collections.abc import Callable, Collection, Coroutine
from typing import Any

from neartalk.codes import Refused
from neartalk.records import Sanctions
from presence.delivery import Frame, Socket, signal
from presence.geo import Tile
from presence.hub.broadcaster import Showing
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
        showing: Showing,
        *,
        announce: Callable[[Change], None],
        follow: Callable[[Socket], Coroutine[Any, Any, None]],
        welcome: Callable[[Socket], Frame],
        later: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self.registry = registry
        self.sanctions = sanctions
        self.leases = leases
        self.showing = showing
        self.roster, self.audience = showing.roster, showing.audience
        self.announce = announce
        self.follow = follow
        self.welcome = welcome
        self.later = later

    # ---- The registry knows better -----------------------------------------------------------

    def notice(self, person: Person) -> None:
        """The registry knows something newer of a person who has sockets here: read it."""
        for socket in self.audience.of(person):
            if person.version > socket.person.version:
                self.later(self._read_session(person, socket.session.digest))
                return

    def catch_up(self, socket: Socket) -> None:
        """The same, where nobody tells any more: reading may have failed."""
        listed = self.roster.person(socket.person.tile, socket.person.person_id)
        if listed:
            self.notice(listed)

    async def _read_session(self, person: Person, digest: str) -> None:
        session = await self.registry.get(digest)
        if session is None:
            await self._say_over(person)
            return
        for socket in [*self.audience.of(person)]:
            if session.person.version > socket.person.version:
                self.become(socket, session)

    async def _say_over(self, person: Person) -> None:
        """Another process closed their session."""
        if sockets := [*self.audience.of(person)]:
            refused = await why_over(self.sanctions, sockets[0].session)
            for socket in sockets:
                self.audience.end(socket, refused)

    def become(self, socket: Socket, session: Session) -> None:
        """Brings a socket in line with what its person has become."""
        before, socket.session = socket.session, session
        if not socket.person.cell:
            self.audience.end(socket, Refused("left"))
            return
        if socket.person.place != socket.place:
            self.later(self.follow(socket))
        if socket.person.name != before.person.name:
            socket.write(self.welcome(socket))
        if session.hidden != before.hidden:
            self.part(socket, session.blocked - before.blocked)

    def part(self, socket: Socket, blocked: Collection[str]) -> None:
        """A block stands between its person and somebody: each is gone for the other."""
        self.audience.guard(socket)
        group = self.audience.group_of(socket)
        if blocked:
            socket.write(signal(socket.form, "blocked", person_ids=sorted(blocked)))
        if socket.held is None and blocked:
            self.showing.show(socket)
        elif group:
            self.showing.show_soon([group])  # when a departure would be seen

    # ---- The registry has lost somebody ------------------------------------------------------

    def claim(self, person: Person, tile: Tile) -> None:
        """Another process took a person out who still has sockets here: put them back."""
        for socket in self.audience.of(person):
            if person.cell and person.tile == tile:
                self.later(self._place_again(socket))
                return

    def find_missing(self, tiles: Collection[Tile]) -> None:
        """The same, where nobody heard of it: read from the registry, they are not there."""
        for tile in tiles:
            for socket in self.audience.standing(tile):
                if socket.person.tile == tile:
                    self.find(socket)

    def find(self, socket: Socket) -> None:
        """Puts its person back, if nobody sees them in the tile where they are."""
        listed = self.roster.person(socket.person.tile, socket.person.person_id)
        if listed is None or not listed.process:
            self.later(self._place_again(socket))

    def take_over(self, processes: Collection[str]) -> None:
        """A process died that held people who have sockets here too."""
        for sockets in self.audience.sockets.values():
            socket = next(iter(sockets))
            if socket.person.process in processes:
                self.later(self._place_again(socket))

    async def _place_again(self, socket: Socket) -> None:
        session = await self.registry.get(socket.session.digest)
        if session is None:
            await self._say_over(socket.person)
        elif session.person.cell:
            place = session.person.place
            self.announce(await self.registry.place(session.digest, place, self.leases.process))
