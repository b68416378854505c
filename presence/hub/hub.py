"""This process's sockets: they join and leave here, and changes of people are announced here.

Sockets are judged by the roster and the audience, which are pictures in memory. The registry and
the source of messages stay the truth: read on arrival, after gaps and every 2 s.
"""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

from neartalk.background import Background
from neartalk.clock import Clock, StoreClock, steady_ms
from neartalk.parts import Platform
from presence.delivery import Audience, Socket
from presence.geo import tiles_within
from presence.hub.anti_entropy import COMPARE_S, AntiEntropy
from presence.hub.departures import LINGER_S, Departures
from presence.hub.doors import RETRY_S, OpenDoors
from presence.hub.events import event_of
from presence.hub.exits import Exits
from presence.hub.hints import Hint, Hints
from presence.hub.joins import Joins
from presence.hub.leases import Leases
from presence.hub.loader import Loader
from presence.hub.presence_broadcaster import PresenceBroadcaster
from presence.hub.reconcile import Reconciler
from presence.hub.roster_updates import RosterUpdates
from presence.hub.rounds import Rounds
from presence.hub.runner import EffectRunner
from presence.hub.source import Source
from presence.hub.stays import STAYS_S, Stays
from presence.push import Notice, Pushes
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
        self.anti_entropy = AntiEntropy(registry, self.roster, self.runner, self.departures)
        self.doubt = self.anti_entropy.doubt
        self.stays = Stays(platform, self.audience, self.now_ms)
        self.joins = Joins(registry, self.runner, self.departures)
        self.exits = Exits(registry, self.runner, self.departures, self.anti_entropy)
        self.doors = OpenDoors(registry, self.runner)
        self.pushes = Pushes(
            registry,
            self.roster,
            platform.pushes,
            platform.marks,
            self.background,
            self.runner.announce,
            self.now_ms,
            LINGER_S,
        )
        self.starting = asyncio.Lock()

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
            self.background.every(COMPARE_S, self.doors.compare)
            self.background.every(RETRY_S, self.doors.retry)
            self.background.every(STAYS_S, self.stays.count)

    async def finish(self) -> None:
        """The process ends: its people stay listed for one more lease, to come back elsewhere."""
        await self.background.settle()
        if self.background.rounds:
            await self.background.later(self.leases.renew())

    async def stop(self) -> None:
        """Cancels all timers and tasks."""
        self.departures.close()
        self.pushes.close()
        for cohort in self.audience.cohorts.values():
            cohort.close()
        self.broadcaster.pieces.close()
        await self.background.end()

    # ---- Sockets join and leave --------------------------------------------------------------

    async def join(self, socket: Socket, mark_ms: int | None) -> None:
        """Takes a socket to its place: register, buffer, read, merge, in that order.

        `mark_ms` is the mark that its reader resumes from. Raises Refused: `store-unavailable`,
        `session-unknown`; then the socket is to be closed.
        """
        await self.start()
        await self.joins.join(socket, mark_ms)

    def exit(self, socket: Socket) -> None:
        """The socket is gone. Its person stays for 45 s after their last sign of life."""
        self.exits.exit(socket)

    async def end(self, session: Session, *, at_once: bool = False) -> None:
        """Ends a session: its person is gone from every list, and so are their sockets. Whoever has
        just come lingers in lists, unless they are to be gone `at_once`.

        Raises Refused: `store-unavailable`.
        """
        await self.start()
        await self.exits.end(session, at_once=at_once)

    async def end_lingering(self, person_id: str) -> None:
        """Takes a person out of lists where they linger, as far as this process shows them there.

        Raises Refused: `store-unavailable`.
        """
        await self.exits.end_lingering(person_id)

    # ---- What others ask of it ---------------------------------------------------------------

    def announce(self, change: Change) -> None:
        """Brings this process in line with a change at once, and tells the others by hints."""
        self.runner.announce(change)

    def set_door(self, person_id: str, *, is_open: bool) -> None:
        """Voice says whether somebody's door is open by a socket of this process. Lists show it
        while it is, and no longer than this process lives. To be called with each change, and
        closed once the socket is gone. Never waits; the same again costs nothing."""
        self.doors.set(person_id, is_open=is_open)

    def push(self, notice: Notice) -> None:
        """Tells somebody by a push, if they are away, or gone and away in a moment, and none went
        to them within a minute. Never waits."""
        self.pushes.enqueue(notice)

    def repeat_people(self, socket: Socket) -> None:
        """Writes a socket its list of people once more. One that is still arriving gets it so."""
        if cohort := self.audience.cohort_of(socket):
            self.broadcaster.repeat_all(cohort, socket)

    def note_process(self, process: str) -> None:
        """A process has just written: it lives, and so do its people."""
        self.runner.run(self.updates.note_process(process))

    def newcomer_ms(self, session: Session) -> int:
        """When the person of a session was last told of somebody who had come."""
        return self.audience.newcomer_ms(session.person, self.now_ms())

    def note_newcomers(self, session: Session) -> None:
        """A call told the person of a session who is near: here, or where their sockets are."""
        person = session.person
        self.audience.note_newcomers(person.person_id, self.now_ms())
        if person.process not in {"", self.process}:
            hint = {"type": "presence.called", "person_id": person.person_id}
            self.hints.publish(person.tile, hint)

    async def in_effect(self, session: Session) -> Session:
        """The session with the place that is in effect by now; who is silent moves nowhere.

        Raises Refused: `store-unavailable`.
        """
        if not session.is_due(self.now_ms()) or self.audience.is_silent(session.person):
            return session
        await self.start()
        self.runner.run(await self.runner.loader.bring_into_effect(session, self.now_ms()))
        return await self.registry.find(session.person.person_id) or session

    async def nearby(self, place: Place, hidden: frozenset[str]) -> Nearby:
        """Who is near a place; read from the registry if its tiles are not subscribed to.

        Raises Refused: `store-unavailable`.
        """
        tiles = tiles_within(place.cell, place.radius_m)
        if tiles <= self.subscriptions.tiles:
            return self.broadcaster.nearby(place, hidden)
        self.anti_entropy.note_read(tiles)
        return await load_nearby(self.registry, place, hidden)

    def listed(self, session: Session, person_ids: Iterable[str]) -> Iterator[str]:
        """Of these ids those of others who are in range for whoever has this session and a socket
        here: on their list, or counted beyond it."""
        place, own, hidden = session.person.place, session.person.person_id, session.unlisted
        processes, now_ms = self.leases.processes, self.now_ms()
        for one in person_ids:
            if one != own and self.roster.lists(one, place, processes, now_ms, hidden):
                yield one

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
        elif hint["type"] == "presence.called":
            self.audience.note_newcomers(hint["person_id"], self.now_ms())
        else:
            await self.runner.source.receive(hint)
