"""Carries out effects: the one place from which presence reaches sockets, tasks and processes."""

import asyncio
from collections.abc import Callable, Collection, Iterable

from neartalk.background import Background
from neartalk.codes import Refused
from neartalk.limits import PublishedLimits
from neartalk.records import Records
from presence.delivery import PROTOCOL, Audience, Socket, signal, unblocked
from presence.geo import Tile, area_of
from presence.hub import effects
from presence.hub.events import to_event
from presence.hub.hints import Hints
from presence.hub.leases import Leases
from presence.hub.loader import Loader
from presence.hub.presence_broadcaster import PresenceBroadcaster
from presence.hub.reconcile import Reconciler
from presence.hub.roster_updates import RosterUpdates
from presence.hub.source import Arrival, NullSource, Source
from presence.hub.subscriptions import TileSubscriptions
from presence.values import Change, Person, Session


class EffectRunner:
    """Runs effects in their order: writes and timers at once, what waits as a task of its own.

    `source` is where messages come from. It is set before the first socket joins.
    """

    source: Source = NullSource()

    def __init__(
        self,
        background: Background,
        audience: Audience,
        leases: Leases,
        hints: Hints,
        broadcaster: PresenceBroadcaster,
        reconciler: Reconciler,
        updates: RosterUpdates,
        loader: Loader,
        records: Records,
    ) -> None:
        self.background = background
        self.audience = audience
        self.leases = leases
        self.hints = hints
        self.broadcaster = broadcaster
        self.reconciler = reconciler
        self.updates = updates
        self.loader = loader
        self.activity, self.limits = records.activity, PublishedLimits(records.rules)
        self.subscriptions = TileSubscriptions(audience.by_tile)
        self.subscribing = asyncio.Lock()
        self.stale: set[Tile] = set()
        self.refreshing = False
        # Called with each session that is found to be over, and why.
        self.end_listeners: list[Callable[[Session, Refused], None]] = []
        # Called with each change that this process has made.
        self.change_listeners: list[Callable[[Change], None]] = []

    def run(self, each: Iterable[effects.Effect]) -> None:
        """Carries out effects, in their order."""
        for effect in each:
            match effect:
                case effects.ShowTile(tile):
                    self.broadcaster.schedule(self.audience.cohorts_reaching(tile))
                case effects.ShowPlace(place):
                    self.broadcaster.schedule(self.audience.in_range_of(place))
                case effects.ShowCohort(cohort):
                    self.broadcaster.schedule([cohort])
                case effects.ShowSocket(socket):
                    if at := self.audience.cohort_of(socket):
                        self.broadcaster.send_now(at, socket)
                case effects.SendWelcome(socket):
                    self.welcome(socket)
                case effects.SendBlocked(socket, person_ids):
                    frame = signal(socket.form, "blocked", person_ids=sorted(person_ids))
                    socket.write(frame)
                    self.source.apply_block(socket)
                case effects.SendUnblocked(socket, person_ids):
                    socket.write(unblocked(socket.form, sorted(person_ids)))
                    self.source.repeat(socket, person_ids)
                case effects.CloseSocket(socket, refused):
                    self.audience.end(socket, refused)
                    self._end(socket.session, refused)
                case effects.MoveSocket(socket):
                    self.background.later(self._move(socket))
                case effects.ReadTile(tile):
                    self._refresh_soon(tile)
                case effects.LoadSession(person, digest):
                    self.background.later(self._load_session(person, digest))
                case effects.Republish(socket):
                    self.background.later(self._republish(socket))
                case effects.BringIntoEffect(session):
                    self.background.later(self._bring_into_effect(session))
                case effects.Announce(change):
                    self.announce(change)

    def _end(self, session: Session, refused: Refused) -> None:
        for listener in self.end_listeners:
            listener(session, refused)

    async def _load_session(self, person: Person, digest: str) -> None:
        self.run(await self.loader.load_session(person, digest))

    async def _republish(self, socket: Socket) -> None:
        self.run(await self.loader.republish(socket, self.broadcaster.now_ms()))

    async def _bring_into_effect(self, session: Session) -> None:
        self.run(await self.loader.bring_into_effect(session, self.broadcaster.now_ms()))

    # ---- Changes and sockets -----------------------------------------------------------------

    def announce(self, change: Change) -> None:
        """Brings this process in line with a change at once, and tells the others by hints."""
        for socket in self.audience.sockets_of(change.session.person):
            if socket.person.version <= change.session.person.version and change.session.digest:
                self.run(self.reconciler.apply_session(socket, change.session))
        if change.session.digest and not change.session.person.cell:
            self._end(change.session, Refused("left"))
        for event in change.events:
            self.run(self.updates.apply(event))
            self.hints.publish(event.tile, {"type": "presence.changed", **to_event(event)})
        for listener in self.change_listeners:
            listener(change)

    def welcome(self, socket: Socket) -> None:
        """Writes who the person of a socket is."""
        frame = signal(
            socket.form,
            "welcome",
            protocol=PROTOCOL,
            person_id=socket.person.person_id,
            username=socket.person.name,
            epoch=self.leases.epoch,
            now=self.broadcaster.now_ms(),
            limits=self.limits.current(),
        )
        socket.write(frame)

    async def _move(self, socket: Socket) -> None:
        """Takes a socket to where its person is, and shows what is newly in range."""
        async with socket.lock:
            before = socket.entered
            here = socket in self.audience.sockets_of(socket.person)
            if socket.place == socket.person.place or not here:
                return
            self.audience.move(socket)
            try:
                await self.arrive(socket, Arrival(moved_from=before))
            except Refused:
                self.audience.end(socket, Refused("try-later"))
            except Exception:
                # A socket that stayed open would miss messages from now on.
                self.audience.end(socket, Refused("try-later"))
                raise

    async def arrive(self, socket: Socket, arrival: Arrival) -> None:
        """Shows a socket that entered its place who is there and what was sent there.

        Raises Refused: `store-unavailable`; then the socket is to be closed.
        """
        cohort = self.audience.cohorts[socket.place, socket.form]
        await self.subscribe(cohort.tiles)
        self.broadcaster.send_all(cohort, socket)
        self.activity.count_person(socket.person.person_id, area_of(socket.place.cell))
        seen = await self.source.replay(socket, arrival)
        if socket in self.audience.sockets_of(socket.person):
            self.audience.settle(socket, seen)
            self.broadcaster.settle(cohort, socket)

    # ---- Tiles -------------------------------------------------------------------------------

    async def subscribe(self, tiles: Collection[Tile]) -> None:
        """Returns once group, roster and source follow these tiles, as far as a cohort reaches
        them by then.

        Raises Refused: `store-unavailable`; what was begun ends with the next round.
        """
        if self.subscriptions.tiles.issuperset(tiles):
            return
        async with self.subscribing:
            if fresh := self.subscriptions.begin(tiles):
                # The groups first, so that changes while the tiles are read are heard of.
                await self.hints.join(fresh)
                self.run(await self.loader.load_tiles(fresh))
                await self.source.begin(fresh)
                self.subscriptions.complete(fresh)

    async def unsubscribe_unused(self) -> None:
        """Unsubscribes from tiles that nobody here reaches; where that fails, again next time.

        Raises Refused: `store-unavailable`.
        """
        async with self.subscribing:
            # All at once: whoever enters one of them from now on waits for the lock.
            unused = self.subscriptions.end()
            self.source.forget(unused)
            self.updates.forget(unused)
            await self.hints.leave(unused)
            self.subscriptions.forget(unused)

    def _refresh_soon(self, tile: Tile) -> None:
        self.stale.add(tile)
        if not self.refreshing:
            self.refreshing = True
            self.background.later(self._refresh())

    async def _refresh(self) -> None:
        """Reads tiles again of which changes were missed, many at a time."""
        try:
            while self.stale:
                tiles = self.stale & self.subscriptions.tiles
                self.stale.clear()
                self.run(await self.loader.load_tiles(tiles))
                self.run(self.reconciler.republish_unlisted(tiles))
        finally:
            self.refreshing = False
