"""Sockets exit and people depart: whoever lost their last socket stays for 45 s, whoever ends their
session is gone at once."""

import asyncio

from neartalk.codes import Refused
from presence.delivery import Socket
from presence.hub.anti_entropy import AntiEntropy
from presence.hub.departures import DEPART_AGAIN_S, GONE_MS, SHOWN_MS, Departures
from presence.hub.runner import EffectRunner
from presence.registry import SEEN_MS, Registry
from presence.values import Person, Session


class Exits:
    """`told_ms` is when sockets that closed, of people with others here, were last told of
    somebody who had come."""

    def __init__(
        self,
        registry: Registry,
        runner: EffectRunner,
        departures: Departures,
        anti_entropy: AntiEntropy,
    ) -> None:
        self.registry = registry
        self.runner = runner
        self.departures = departures
        self.anti_entropy = anti_entropy
        self.audience = runner.audience
        self.later = runner.background.later
        self.told_ms: dict[str, int] = {}

    def exit(self, socket: Socket) -> None:
        """The socket is gone. Its person stays for 45 s after their last sign of life."""
        if socket.connection.too_slow:
            self.later(self.registry.note(socket.session.digest, "too-slow"))
        self.departures.forget(socket)
        person = socket.person
        told_ms = max(self._newcomer_ms(person), self.told_ms.pop(person.person_id, 0))
        if not self.audience.exit(socket):
            self.told_ms[person.person_id] = told_ms
        elif not self.departures.expects(person):
            lingers_ms = self._lingers_by(socket, told_ms)
            self._depart_in(self.departures.wait_s(socket), socket, lingers_ms)

    def _lingers_by(self, socket: Socket, told_ms: int) -> int:
        """From when a person lingers who was told of somebody, and whose last socket closed: they
        are shown for 30 s, and for longer until `GONE_MS` after their last sign of life. Who is
        silent is told of nobody (`Socket.silent`): so both hold."""
        now_ms = self.runner.broadcaster.now_ms()
        heard_ms = now_ms - int(socket.connection.quiet_s() * 1000)
        return max(told_ms + SHOWN_MS - SEEN_MS, min(told_ms, heard_ms + GONE_MS - SEEN_MS))

    def _newcomer_ms(self, person: Person) -> int:
        return self.audience.newcomer_ms(person, self.runner.broadcaster.now_ms())

    def _depart_in(self, seconds: float, socket: Socket, told_ms: int) -> None:
        """Its person leaves then, unless another socket of theirs arrives."""
        timer = asyncio.get_running_loop().call_later(seconds, self._due, socket, told_ms)
        session = None if socket.ended else socket.session
        self.departures.schedule(socket.person, timer, session)

    def _due(self, socket: Socket, told_ms: int) -> None:
        self.departures.cancel(socket.person)
        self.later(self._depart(socket, told_ms))

    async def _depart(self, socket: Socket, told_ms: int) -> None:
        """Takes a person out; if the store does not answer, again a little later."""
        if self._is_back(socket.person):
            return
        digest, process = socket.session.digest, self.runner.leases.process
        try:
            change = await self.registry.depart(digest, process, told_ms=told_ms)
        except Refused:
            self.anti_entropy.doubt(socket.session)
            if not self._is_back(socket.person):
                self._depart_in(DEPART_AGAIN_S, socket, told_ms)
            raise
        if change:
            self.runner.announce(change)

    def _is_back(self, person: Person) -> bool:
        """Whether any socket of a person is here, or arrives."""
        return bool(self.audience.sockets_of(person)) or self.departures.expects(person)

    async def end(self, session: Session, *, at_once: bool) -> None:
        """As `Hub.end`, of a hub that has started."""
        try:
            told_ms = self._newcomer_ms(session.person)
            change = await self.registry.close(session.digest, told_ms=told_ms, at_once=at_once)
        except Refused:
            self.anti_entropy.doubt(session)
            raise
        if change:
            self.runner.announce(change)
        if at_once:
            await self.end_lingering(session.person.person_id)

    async def end_lingering(self, person_id: str) -> None:
        """As `Hub.end_lingering`."""
        listed = self.anti_entropy.roster.listed.get(person_id, ())
        for change in await self.registry.reap([one for one in listed if one.lingers]):
            self.runner.announce(change)
