"""This process's sockets: they join and leave here, and changes of people are announced here.

Sockets are judged by the roster and the audience, which are pictures in memory. The registry and
the source of messages stay the truth: read on arrival, after gaps and every 2 s.
"""

import asyncio
from typing import Any

from neartalk.background import Background
from neartalk.clock import Clock, StoreClock, steady_ms
from neartalk.codes import Refused
from neartalk.parts import Platform
from presence.delivery import Audience, Socket, refusal
from presence.geo import tiles_within
from presence.hub.anti_entropy import COMPARE_S, AntiEntropy
from presence.hub.departures import DEPART_AGAIN_S, Departures
from presence.hub.events import event_of
from presence.hub.hints import Hint, Hints
from presence.hub.leases import Leases
from presence.hub.loader import Loader
from presence.hub.presence_broadcaster import PresenceBroadcaster
from presence.hub.reconcile import Reconciler
from presence.hub.roster_updates import RosterUpdates
from presence.hub.rounds import Rounds
from presence.hub.runner import EffectRunner
from presence.hub.source import Arrival, Source
from presence.registry import Registry
from presence.roster import Nearby, Roster, load_nearby
from presence.values import Change, Place, Session


class Hub:
    """One a process. Its parts alone write chat and presence to sockets."""

    def __init__(
        self, platform: Platform, registry: Registry, layer: Any = None, clock: Clock = steady_ms
    ) -> None:
        """`layer` is the channel layer to other processes; without one there is nobody else."""
        self.platform = platform
        self.activity = platform.records.activity
        self.registry = registry
        self.clock = StoreClock(clock)
        self.now_ms = self.clock.now_ms
        self.background = Background()
        self.later = self.background.later
        self.leases = Leases(registry)
        self.process = self.leases.process
        self.audience = Audience(platform.backlog, platform.instruments)
        self.roster = Roster()
        self.hints = Hints(layer, self.leases, "tile", self.background, platform.instruments)
        self.broadcaster = PresenceBroadcaster(
            self.roster, self.leases, self.now_ms, self.audience.sockets
        )
        self.reconciler = Reconciler(self.roster, self.audience)
        self.updates = RosterUpdates(self.roster, self.leases, self.reconciler, self.now_ms)
        loader = Loader(
            registry,
            platform.sanctions,
            self.leases,
            self.audience,
            self.reconciler,
            self.updates,
        )
        self.runner = EffectRunner(
            self.background,
            self.audience,
            self.leases,
            self.hints,
            self.broadcaster,
            self.reconciler,
            self.updates,
            loader,
            platform.records,
        )
        self.subscriptions = self.runner.subscriptions
        self.departures = Departures()
        self.rounds = Rounds(registry, self.clock, self.roster, self.runner, self.departures)
        self.starting = asyncio.Lock()
        self.anti_entropy = AntiEntropy(registry, self.roster, self.runner, self.departures)

    def attach(self, source: Source) -> None:
        """Takes messages from this source. To be called before the first socket joins."""
        self.runner.source = source

    # ---- Life of the process -----------------------------------------------------------------

    async def start(self) -> None:
        """Begins to listen and its rounds; does nothing the second time.

        Raises Refused: `store-unavailable`; then the next call begins again.
        """
        async with self.starting:
            if self.background.rounds:
                return
            await self.leases.renew()
            await self.rounds.pulse()
            if self.hints.layer:
                await self.hints.open()
                self.background.always(self._listen())
            self.rounds.start()
            self.background.every(COMPARE_S, self.anti_entropy.compare)

    async def finish(self) -> None:
        """The process ends: its people stay listed for one more lease, to come back elsewhere."""
        await self.background.settle()
        if self.background.rounds:
            await self.background.later(self.leases.renew())

    async def stop(self) -> None:
        """Cancels all timers and tasks."""
        self.departures.close()
        for cohort in self.audience.cohorts.values():
            cohort.close()
        await self.background.end()

    # ---- Sockets join and leave --------------------------------------------------------------

    async def join(self, socket: Socket, mark_ms: int | None) -> None:
        """Takes a socket to its place: register, buffer, read, merge, in that order.

        `mark_ms` is the mark that its reader resumes from. Raises Refused: `store-unavailable`,
        `session-unknown`; then the socket is to be closed.
        """
        await self.start()
        async with socket.lock:
            # First, or the departure of the socket before could fall due meanwhile.
            self.departures.expect(socket)
            try:
                # Where they are by now: they may have moved since the session was read.
                change = await self._place(socket)
            finally:
                self.departures.forget(socket)
            socket.session = change.session
            self.audience.enter(socket)
            self.announce(change)
            self.runner.welcome(socket)
            if blocked := socket.session.blocked:
                self.runner.run(self.reconciler.apply_block(socket, blocked))
            moved_away = mark_ms is not None and socket.session.moved_since(mark_ms, self.now_ms())
            await self.runner.arrive(socket, Arrival(mark_ms, moved_away))
            # Their session may have changed elsewhere while there was no socket yet.
            self.runner.run(self.reconciler.republish_if_unlisted(socket))
            self.runner.run(self.reconciler.load_if_outdated(socket))
            await self._send_note(socket)

    async def _place(self, socket: Socket) -> Change:
        """Places the person of a socket under this process. Where the store has lost everything
        since their session was read, it is registered again as it was."""
        digest = socket.session.digest
        try:
            return await self.registry.place(digest, None, self.process)
        except Refused as unknown:
            if unknown.code != "session-unknown" or not await self.leases.settles(at_once=True):
                raise
        await self.registry.restore([socket.session], self.process)
        return await self.registry.place(digest, None, self.process)

    async def _send_note(self, socket: Socket) -> None:
        """Says why the socket before this one was cut off. The join does not fail with it."""
        if socket.session.note:
            socket.write(refusal(socket.form, Refused(socket.session.note)))
            await self.later(self.registry.note(socket.session.digest, ""))

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
        if self.audience.sockets_of(socket.person) or self.departures.expects(socket.person):
            return
        try:
            change = await self.registry.depart(socket.session.digest, self.process)
        except Refused:
            self.doubt(socket.session)
            here = self.audience.sockets_of(socket.person)
            if not here and not self.departures.expects(socket.person):
                self._depart_in(DEPART_AGAIN_S, socket)
            raise
        if change:
            self.announce(change)

    async def end(self, session: Session) -> None:
        """Ends a session: its person is gone from every list, and so are their sockets.

        Raises Refused: `store-unavailable`.
        """
        await self.start()
        try:
            change = await self.registry.close(session.digest)
        except Refused:
            self.doubt(session)
            raise
        if change:
            self.announce(change)

    def doubt(self, session: Session) -> None:
        """An act on them may be half done: tiles that may list them are compared in a round."""
        left = (one.tile for one in session.recent_tiles)
        self.anti_entropy.note_read({session.person.tile, *left})

    # ---- What others ask of it ---------------------------------------------------------------

    def announce(self, change: Change) -> None:
        """Brings this process in line with a change at once, and tells the others by hints."""
        self.runner.announce(change)

    def repeat_people(self, socket: Socket) -> None:
        """Writes a socket its list of people once more. One that is still arriving gets it so."""
        if cohort := self.audience.cohort_of(socket):
            self.broadcaster.repeat_all(cohort, socket)

    def note_process(self, process: str) -> None:
        """A process has just written: it lives, and so do its people."""
        self.runner.run(self.updates.note_process(process))

    async def nearby(self, place: Place, hidden: frozenset[str]) -> Nearby:
        """Who is near a place; read from the registry if its tiles are not subscribed to.

        Raises Refused: `store-unavailable`.
        """
        tiles = tiles_within(place.cell, place.radius_m)
        if tiles <= self.subscriptions.tiles:
            return self.broadcaster.nearby(place, hidden)
        self.anti_entropy.note_read(tiles)
        return await load_nearby(self.registry, place, hidden)

    # ---- Hints -------------------------------------------------------------------------------

    async def _listen(self) -> None:
        async for hint in self.hints.received():
            with self.hints.failures_logged():
                await self._receive(hint)

    async def _receive(self, hint: Hint) -> None:
        if hint["type"] == "process.began":
            self.note_process(hint["from"])
        elif hint["type"] == "presence.changed":
            self.runner.run(self.updates.apply(event_of(hint)))
        else:
            await self.runner.source.receive(hint)
