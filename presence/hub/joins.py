"""Sockets join: each is taken to its place by register, buffer, read and merge, in that order."""

from neartalk.codes import CODES, Refused
from presence.delivery import Socket, refusal
from presence.hub.departures import Departures
from presence.hub.runner import EffectRunner
from presence.hub.source import Arrival
from presence.registry import Registry
from presence.values import Change


class Joins:
    def __init__(self, registry: Registry, runner: EffectRunner, departures: Departures) -> None:
        self.registry = registry
        self.runner = runner
        self.departures = departures
        self.reconciler = runner.reconciler
        self.leases = runner.leases

    async def join(self, socket: Socket, mark_ms: int | None) -> None:
        """As `Hub.join`, of a hub that has started."""
        async with socket.lock:
            # First, or the departure of the socket before could fall due meanwhile.
            self.departures.expect(socket)
            try:
                # Where they are by now: they may have moved since the session was read.
                change = await self._place(socket)
            finally:
                self.departures.forget(socket)
            socket.session = change.session
            self.runner.audience.enter(socket)
            self.runner.announce(change)
            self.runner.welcome(socket)
            if blocked := socket.session.blocked:
                self.runner.run(self.reconciler.apply_block(socket, blocked))
            await self.runner.arrive(socket, self._arrival(socket, mark_ms))
            # Their session may have changed elsewhere while there was no socket yet.
            self.runner.run(self.reconciler.republish_if_unlisted(socket))
            self.runner.run(self.reconciler.load_if_outdated(socket))
            await self._send_note(socket)

    def _arrival(self, socket: Socket, mark_ms: int | None) -> Arrival:
        now_ms = self.runner.broadcaster.now_ms()
        moved_away = mark_ms is not None and socket.session.moved_since(mark_ms, now_ms)
        return Arrival(mark_ms, moved_away)

    async def _place(self, socket: Socket) -> Change:
        """Places the person of a socket under this process. Where the store has lost everything
        since their session was read, it is registered again as it was."""
        digest, process = socket.session.digest, self.leases.process
        now_ms = self.runner.broadcaster.now_ms()
        told_ms = self.runner.audience.newcomer_ms(socket.person, now_ms)
        try:
            return await self.registry.place(digest, None, process, told_ms=told_ms)
        except Refused as unknown:
            if unknown.code != "session-unknown" or not await self.leases.settles(at_once=True):
                raise
        await self.registry.restore([socket.session], process)
        return await self.registry.place(digest, None, process, told_ms=told_ms)

    async def _send_note(self, socket: Socket) -> None:
        """Says why the socket before this one was cut off. The join does not fail with it."""
        if socket.session.note in CODES:
            language = socket.connection.language
            socket.write(refusal(socket.form, Refused(socket.session.note), language))
            noted = self.registry.note(socket.session.digest, "")
            await self.runner.background.later(noted)
