"""Sockets exit and people depart: whoever lost their last socket stays for 45 s, whoever ends their
session is gone at once."""

import asyncio

from neartalk.codes import Refused
from presence.delivery import Socket
from presence.hub.anti_entropy import AntiEntropy
from presence.hub.departures import DEPART_AGAIN_S, Departures
from presence.hub.runner import EffectRunner
from presence.registry import Registry
from presence.values import Person, Session


class Exits:
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

    def exit(self, socket: Socket) -> None:
        """The socket is gone. Its person stays for 45 s after their last sign of life."""
        if socket.connection.too_slow:
            self.later(self.registry.note(socket.session.digest, "too-slow"))
        self.departures.forget(socket)
        last = self.audience.exit(socket)
        if last and not self.departures.expects(socket.person):
            self._depart_in(self.departures.wait_s(socket), socket)

    def _depart_in(self, seconds: float, socket: Socket) -> None:
        """Its person leaves then, unless another socket of theirs arrives."""
        timer = asyncio.get_running_loop().call_later(seconds, self._due, socket)
        session = None if socket.ended else socket.session
        self.departures.schedule(socket.person, timer, session)

    def _due(self, socket: Socket) -> None:
        self.departures.cancel(socket.person)
        self.later(self._depart(socket))

    async def _depart(self, socket: Socket) -> None:
        """Takes a person out; if the store does not answer, again a little later."""
        if self._is_back(socket.person):
            return
        try:
            change = await self.registry.depart(socket.session.digest, self.runner.leases.process)
        except Refused:
            self.anti_entropy.doubt(socket.session)
            if not self._is_back(socket.person):
                self._depart_in(DEPART_AGAIN_S, socket)
            raise
        if change:
            self.runner.announce(change)

    def _is_back(self, person: Person) -> bool:
        """Whether any socket of a person is here, or arrives."""
        return bool(self.audience.sockets_of(person)) or self.departures.expects(person)

    async def end(self, session: Session, *, at_once: bool) -> None:
        """As `Hub.end`, of a hub that has started."""
        try:
            told_ms = self.audience.newcomer_ms(session.person, self.runner.broadcaster.now_ms())
            change = await self.registry.close(session.digest, told_ms=told_ms, at_once=at_once)
        except Refused:
            self.anti_entropy.doubt(session)
            raise
        if change:
            self.runner.announce(change)
