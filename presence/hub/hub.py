"""This process's sockets: they come, move and go here, and the rounds that keep all parts true.

What arrives is judged against the roster and the audience, which are pictures in memory; the
registry and the history (`Source`) stay the truth, read on arrival, after gaps and every 2 s.
"""

import asyncio
from typing import Any

from neartalk.background import Background
from neartalk.clock import Clock, StoreClock, now_ms
from neartalk.codes import Refused
from neartalk.parts import Platform
from presence.delivery import Audience, Frame, Socket, gap, refusal, signal, signals
from presence.geo import area_of
from presence.hub.broadcaster import PresenceBroadcaster
from presence.hub.events import event_of, to_event
from presence.hub.hints import Hints
from presence.hub.leases import Leases
from presence.hub.reconcile import Reconciler
from presence.hub.source import Arrival
from presence.hub.subscriptions import TileSubscriptions
from presence.people import Change, Person, Session
from presence.registry import Registry
from presence.roster import Roster

PULSE_S = 2.0
RENEW_S = 5.0
MARK_S = 10.0
REAP_S = 30.0
TRIM_S = 30.0
TOUCH_S = 300.0
LINGER_S = 45.0
COUNT_S = 60.0


class Hub:
    """One a process. Its parts alone write chat and presence to sockets."""

    def __init__(
        self, platform: Platform, registry: Registry, layer: Any = None, clock: Clock = now_ms
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
        self.hints = Hints(
            layer,
            self.process,
            "tile",
            platform.instruments,
            take=self._receive,
            later=self.later,
            alone=lambda: self.leases.alone,
        )
        self.broadcaster = PresenceBroadcaster(self.roster, self.audience, self.leases, self.now_ms)
        self.reconciler = Reconciler(
            registry,
            platform.sanctions,
            self.leases,
            self.broadcaster,
            announce=self.announce,
            follow=self.follow,
            welcome=self.welcome,
            later=self.later,
        )
        self.subscriptions = TileSubscriptions(
            registry, self.leases, self.hints, self.broadcaster, self.reconciler, self.later
        )
        self.starting: asyncio.Lock = asyncio.Lock()
        self.departures: dict[str, asyncio.TimerHandle] = {}

    # ---- Life of the process -----------------------------------------------------------------

    async def start(self) -> None:
        """Begins to listen, to renew its lease and to poll; does nothing the second time."""
        async with self.starting:
            if self.background.rounds:
                return
            await self.leases.renew()
            await self._pulse()
            if self.hints.layer:
                await self.hints.open()
                self.background.always(self.hints.listen())
            for period_s, act in (
                (PULSE_S, self._pulse),
                (RENEW_S, self.leases.renew),
                (MARK_S, self._mark),
                (REAP_S, self._reap),
                (TRIM_S, self._trim),
                (TOUCH_S, self._touch),
                (COUNT_S, self._count_people),
            ):
                self.background.every(period_s, act)

    async def finish(self) -> None:
        """The process ends: whoever has not come over yet keeps their place for a whole lease."""
        await self.background.settle()
        if self.background.rounds:
            await self.background.later(self.leases.renew())

    async def stop(self) -> None:
        for handle in self.departures.values():
            handle.cancel()
        for group in self.audience.cohorts.values():
            group.close()
        await self.background.end()

    # ---- Sockets come, move and go -----------------------------------------------------------

    async def join(self, socket: Socket, mark_ms: int | None) -> None:
        """Register, buffer, read, merge: in that order."""
        await self.start()
        async with socket.lock:
            # First, or the departure could come between: it is for the one who was here before.
            self._cancel_departure(socket.person)
            # Not to the place that was read when the socket opened: they may have moved meanwhile.
            change = await self.registry.place(socket.session.digest, None, self.process)
            socket.session = change.session
            self.audience.enter(socket)
            self.announce(change)
            socket.write(self.welcome(socket))
            if socket.session.blocked:
                self.reconciler.apply_block(socket, socket.session.blocked)
            moved_away = mark_ms is not None and mark_ms < socket.session.placed_ms
            await self._arrive(socket, Arrival(mark_ms, moved_away))
            # Elsewhere their session may have changed on the way, when there was no socket yet.
            self.reconciler.republish_if_unlisted(socket)
            self.reconciler.load_if_outdated(socket)
            await self._send_note(socket)

    async def _send_note(self, socket: Socket) -> None:
        """Why the socket before this one was cut off."""
        if socket.session.note:
            socket.write(refusal(socket.form, Refused(socket.session.note)))
            await self.registry.note(socket.session.digest, "")

    async def follow(self, socket: Socket) -> None:
        """The person moved, or reaches further or less far: what is newly in range is shown."""
        async with socket.lock:
            before = socket.place
            if before == socket.person.place or socket not in self.audience.sockets_of(
                socket.person
            ):
                return
            self.audience.move(socket)
            try:
                await self._arrive(socket, Arrival(moved_from=before))
            except Refused:
                self.audience.end(socket, Refused("try-later"))
            except Exception:
                # Whatever it was, a socket that stays open must not stay deaf.
                self.audience.end(socket, Refused("try-later"))
                raise

    async def _arrive(self, socket: Socket, arrival: Arrival) -> None:
        group = self.audience.cohorts[socket.place, socket.form]
        await self.subscriptions.subscribe(group.tiles)
        self.broadcaster.send_now(socket)
        self.activity.see(socket.person.person_id, area_of(socket.place.cell))
        drawn = group.drawn
        seen = await self.subscriptions.source.replay(socket, arrival)
        if socket in self.audience.sockets_of(socket.person):
            self.audience.settle(socket, seen)
            if group.drawn != drawn or socket.guarded:
                self.broadcaster.send_now(socket)

    def exit(self, socket: Socket) -> None:
        """The socket is gone. Its person stays for 45 s after their last sign of life."""
        if socket.connection.too_slow:
            self.later(self.registry.note(socket.session.digest, "too-slow"))
        if self.audience.exit(socket):
            wait_s = max(0.0, LINGER_S - socket.connection.quiet_s())
            handle = asyncio.get_running_loop().call_later(
                wait_s, lambda: self.later(self._depart(socket))
            )
            self.departures[socket.person.person_id] = handle

    async def _depart(self, socket: Socket) -> None:
        self.departures.pop(socket.person.person_id, None)
        change = await self.registry.depart(socket.session.digest, self.process)
        if change:
            self.announce(change)

    async def end(self, session: Session) -> None:
        """Ends a session: the person is gone from every list, and so are their sockets."""
        await self.start()
        change = await self.registry.close(session.digest)
        if change:
            self.announce(change)

    def _cancel_departure(self, person: Person) -> None:
        handle = self.departures.pop(person.person_id, None)
        if handle:
            handle.cancel()

    # ---- What became of people ---------------------------------------------------------------

    def announce(self, change: Change) -> None:
        """Tells this process at once and the others by their groups what became of a person."""
        for socket in self.audience.sockets_of(change.session.person):
            if socket.person.version <= change.session.person.version and change.session.digest:
                self.reconciler.apply_session(socket, change.session)
        for event in change.events:
            self.subscriptions.apply(event)
            self.hints.publish(event.tile, {"type": "presence.changed", **to_event(event)})

    def welcome(self, socket: Socket) -> Frame:
        return signal(
            socket.form,
            "welcome",
            person_id=socket.person.person_id,
            username=socket.person.name,
            epoch=self.leases.epoch,
            now=self.now_ms(),
        )

    # ---- Rounds ------------------------------------------------------------------------------

    async def _pulse(self) -> None:
        """Every 2 s: the epoch, who lives, which tiles changed unheard, what was said unheard."""
        asked_ms = self.clock.own()
        status = await self.registry.status([*self.subscriptions.tiles])
        self.clock.answered(asked_ms, status.now_ms)
        restarted = self.leases.restarted(status)
        died, born = self.leases.apply(status)
        if restarted:
            await self._restart(status.epoch)
            return
        self.leases.epoch = status.epoch
        if self.process not in status.processes:
            # The store hung for longer than the lease: until the next round nobody would see us.
            await self.leases.renew()
        self.subscriptions.compare(status.versions)
        self.subscriptions.processes_changed(died | born)
        if died:
            self.reconciler.republish_orphaned(died)
        for person in self.roster.lapsed(status.now_ms - int(PULSE_S * 2000), status.now_ms):
            self.broadcaster.tile_changed(person.tile)
        for sockets in [*self.audience.sockets.values()]:
            self.reconciler.load_if_outdated(next(iter(sockets)))
        if self.subscriptions.tiles:
            await self.subscriptions.source.poll()
            await self.subscriptions.unsubscribe_unused()

    async def _restart(self, epoch: str) -> None:
        """The store began anew: register everybody again, read what it holds by now, say so.

        Where the store is lost again on the way, the epoch is still the old one: the next pulse
        begins anew.
        """
        await self.leases.renew()
        sessions = {socket.session.digest: socket.session for socket in self.audience.all_sockets()}
        changes = await self.registry.restore(sessions.values(), self.process)
        await self.subscriptions.read([*self.subscriptions.tiles])
        self.reconciler.republish_unlisted(self.subscriptions.tiles)
        await self.subscriptions.source.restart()
        self.leases.epoch = epoch
        for change in changes:
            self.announce(change)
        for socket in self.audience.all_sockets():
            socket.write(self.welcome(socket))
            socket.write(gap(socket.form, "restarted"))
        await self._mark()

    async def _mark(self) -> None:
        """Where to resume from. One from before the last move would make a return an arrival."""
        mark_ms = self.subscriptions.source.mark_ms
        mark = signals("mark", mark=mark_ms)
        for group in [*self.audience.cohorts.values()]:
            moved = [one for one in group.live if one.session.placed_ms > mark_ms]
            group.flush()  # it says that all before it was handed over
            group.write(mark[group.form], but=moved)
            await asyncio.sleep(0)

    async def _touch(self) -> None:
        await self.registry.touch({socket.session.digest for socket in self.audience.all_sockets()})

    async def _reap(self) -> None:
        self.audience.recent.expire()
        dead = self.roster.dead(self.leases.processes, self.now_ms())
        for change in await self.registry.reap(dead):
            self.announce(change)

    async def _trim(self) -> None:
        await self.subscriptions.source.trim()

    async def _count_people(self) -> None:
        here = ((person_id, area_of(cell)) for person_id, cell in self.audience.locations())
        self.activity.look(here)

    async def _receive(self, hint: dict[str, Any]) -> None:
        if hint["type"] == "process.began":
            self.subscriptions.note_process(hint["from"])
        elif hint["type"] == "presence.changed":
            self.subscriptions.apply(event_of(hint))
        else:
            await self.subscriptions.source.receive(hint)
