"""When a person counts as gone: LINGER_S after the last sign of life of their last socket, unless
another socket of theirs arrives or is arriving."""

import asyncio

from presence.delivery import Socket
from presence.values import Person, Session

LINGER_S = 45.0
# A departure that the store did not take is tried again after so long.
DEPART_AGAIN_S = 5.0
# Who vanished stands in no list of the store so long after their last sign of life, and in none
# that somebody is sent a round and a turn later: within a minute.
GONE_MS = 52_000
# Whoever was told of people is shown to them for so long at least.
SHOWN_MS = 30_000


class Departures:
    """`arriving` are the sockets of each person that join and have not entered their place yet;
    `timers` are those of people whose last socket here is gone; `sessions` are theirs, for a store
    that loses them meanwhile.
    """

    def __init__(self) -> None:
        self.arriving: dict[str, set[Socket]] = {}
        self.timers: dict[str, asyncio.TimerHandle] = {}
        self.sessions: dict[str, Session] = {}

    def expect(self, socket: Socket) -> None:
        """A socket arrives: its person does not leave."""
        self.arriving.setdefault(socket.person.person_id, set()).add(socket)
        self.cancel(socket.person)

    def forget(self, socket: Socket) -> None:
        """A socket has entered its place, or is gone."""
        arriving = self.arriving.get(socket.person.person_id, set())
        arriving.discard(socket)
        if not arriving:
            self.arriving.pop(socket.person.person_id, None)

    def expects(self, person: Person) -> bool:
        """Whether any socket of a person arrives."""
        return person.person_id in self.arriving

    def is_known(self, person_id: str) -> bool:
        """Whether any socket of a person arrives, or their last one closed a moment ago."""
        return person_id in self.arriving or person_id in self.timers

    def wait_s(self, socket: Socket) -> float:
        """How long the person of a socket that has just closed stays, in seconds."""
        return max(0.0, LINGER_S - socket.connection.quiet_s())

    def schedule(
        self, person: Person, timer: asyncio.TimerHandle, session: Session | None = None
    ) -> None:
        """A person leaves when a timer ends; the timer before it is cancelled."""
        self.cancel(person)
        self.timers[person.person_id] = timer
        if session:
            self.sessions[person.person_id] = session

    def cancel(self, person: Person) -> None:
        self.sessions.pop(person.person_id, None)
        if timer := self.timers.pop(person.person_id, None):
            timer.cancel()

    def close(self) -> None:
        """Cancels all timers."""
        for timer in self.timers.values():
            timer.cancel()
