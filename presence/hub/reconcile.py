"""What is to be done where a socket and the registry differ. Nothing here waits or writes."""

from collections.abc import Collection

from neartalk.codes import Refused
from presence.delivery import Audience, Socket
from presence.geo import Tile, tile_of
from presence.hub.effects import (
    BringIntoEffect,
    CloseSocket,
    Effect,
    LoadSession,
    MoveSocket,
    Republish,
    SendBlocked,
    SendUnblocked,
    SendWelcome,
    ShowCohort,
    ShowSocket,
)
from presence.roster import Roster
from presence.values import Person, Session


class Reconciler:
    """Compares the sockets of the audience with sessions and with people of the roster."""

    def __init__(self, roster: Roster, audience: Audience) -> None:
        self.roster = roster
        self.audience = audience

    # ---- The registry is right: sockets follow -----------------------------------------------

    def apply_session(self, socket: Socket, session: Session) -> list[Effect]:
        """Gives a socket its session as it is by now."""
        before, socket.session = socket.session, session
        if not socket.person.cell:
            return [CloseSocket(socket, Refused("left"))]
        effects: list[Effect] = []
        if socket.person.place != socket.place:
            effects.append(MoveSocket(socket))
        if socket.person.name != before.person.name:
            effects.append(SendWelcome(socket))
        if taken_back := before.blocked - session.blocked:
            effects += self.apply_unblock(socket, taken_back)
        if session.hidden != before.hidden:
            effects += self.apply_block(socket, session.blocked - before.blocked)
        return effects

    def apply_block(self, socket: Socket, blocked: frozenset[str]) -> list[Effect]:
        """A block stands between a socket's person and somebody: each is gone for the other.

        `blocked` are those whom the person has just blocked. Where the person was blocked, the
        other disappears with the next people frame, as if they had left.
        """
        self.audience.filter(socket)
        effects: list[Effect] = []
        if blocked:
            effects.append(SendBlocked(socket, blocked))
        if socket.held is None and blocked:
            effects.append(ShowSocket(socket))
        elif cohort := self.audience.cohort_of(socket):
            effects.append(ShowCohort(cohort))
        return effects

    def apply_unblock(self, socket: Socket, unblocked: frozenset[str]) -> list[Effect]:
        """A socket's person took back a block: both are here for each other again, unless the other
        blocked them too."""
        effects: list[Effect] = [SendUnblocked(socket, unblocked)]
        return effects + ([ShowSocket(socket)] if socket.held is None else [])

    def load_if_newer(self, person: Person) -> list[Effect]:
        """The session is read, if any socket of a person has an older version of it."""
        for socket in self.audience.sockets_of(person):
            if person.version > socket.person.version:
                return [LoadSession(person, socket.session.digest)]
        return []

    def load_if_outdated(self, socket: Socket) -> list[Effect]:
        """The same by what the roster lists: the hint may be lost, or reading may have failed."""
        listed = self.roster.person(socket.person.tile, socket.person.person_id)
        return self.load_if_newer(listed) if listed else []

    def compare_all(self, now_ms: int) -> list[Effect]:
        """The same for everybody here, and what they told of their place takes effect once it is
        due and none of theirs is silent: every other second, so what each costs counts."""
        effects: list[Effect] = []
        people = self.roster.people
        for sockets in self.audience.sockets.values():
            session = next(iter(sockets)).session
            known = session.person
            listed = people.get(tile_of(known.cell), {}).get(known.person_id)
            if listed is not None and listed.version > known.version:
                effects += self.load_if_newer(listed)
            if (
                session.timing.pending
                and session.is_due(now_ms)
                and not self.audience.is_silent(known)
            ):
                effects.append(BringIntoEffect(session))
        return effects

    # ---- The socket is right: the registry lists its person again ----------------------------

    def republish_removed(self, person: Person, tile: Tile) -> list[Effect]:
        """Another process removed a person from a tile while they have sockets here."""
        for socket in self.audience.sockets_of(person):
            if person.cell and person.tile == tile:
                return [Republish(socket)]
        return []

    def republish_unlisted(self, tiles: Collection[Tile]) -> list[Effect]:
        """The same for everybody in these tiles, which have just been read."""
        return [
            effect
            for tile in tiles
            for socket in self.audience.sockets_in(tile)
            if socket.person.tile == tile
            for effect in self.republish_if_unlisted(socket)
        ]

    def republish_if_unlisted(self, socket: Socket) -> list[Effect]:
        """The same for one socket."""
        listed = self.roster.person(socket.person.tile, socket.person.person_id)
        return [] if listed and listed.process else [Republish(socket)]

    def republish_orphaned(self, processes: Collection[str]) -> list[Effect]:
        """These processes died: people whom they held and who have sockets here are held here."""
        first = (next(iter(sockets)) for sockets in self.audience.sockets.values())
        return [Republish(socket) for socket in first if socket.person.process in processes]
