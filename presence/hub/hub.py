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
from presence.hub.broadcaster import Showing
from presence.hub.events import event_of, to_event
from presence.hub.hints import Hints
from presence.hub.leases import Leases
from presence.hub.reconcile import Reconciler
from presence.hub.source import Arrival
from presence.hub.subscriptions import Watch
from presence.people import Change, Person, Session
from presence.registry import Registry
from presence.roster import Roster

PULSE_S = 2.0
RENEW_S = 5.0
MARK_S = 10.0
BURY_S = 30.0
TRIM_S = 30.0
TOUCH_S = 300.0
LINGER_S = 45.0
LOOK_S = 60.0


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
        self.showing = Showing(self.roster, self.audience, self.leases, self.now_ms)
        self.reconciler = Reconciler(
            registry,
            platform.sanctions,
            self.leases,
            self.showing,
            announce=self.announce,
            follow=self.follow,
            welcome=self.welcome,
            later=self.later,
        )
        self.watch = Watch(
            registry, self.leases, self.hints, self.showing, self.reconciler, self.later
        )
        self.starting: asyncio.Lock = asyncio.Lock()
        self.lingering: dict[str, asyncio.TimerHandle] = {}

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
                (BURY_S, self._bury),
                (TRIM_S, self._trim),
                (TOUCH_S, self._touch),
                (LOOK_S, self._look),
            ):
                self.background.every(period_s, act)

    async def finish(self) -> None:
        """The process ends: whoever has not come over yet keeps their place for a whole lease."""
        await self.background.settle()
        if self.background.rounds:
            await self.background.later(self.leases.renew())

    async def stop(self) -> None:
        for handle in self.lingering.values():
            handle.cancel()
        for group in self.audience.groups.values():
            group.close()
        await self.background.end()

    # ---- Sockets come, move and go -----------------------------------------------------------

    async def join(self, socket: Socket, mark_ms: int | None) -> None:
        """Register, buffer, read, merge: in that order."""
        await self.start()
        async with socket.lock:
            # First, or the departure could come between: it is for the one who was here before.
            self._keep(socket.person)
            # Not to the place that was read when the socket opened: they may have moved meanwhile.
            change = await self.registry.place(socket.session.digest, None, self.process)
            socket.session = change.session
            self.audience.enter(socket)
            self.announce(change)
            socket.write(self.welcome(socket))
            if socket.session.blocked:
                self.reconciler.part(socket, socket.session.blocked)
            moved_away = mark_ms is not None and mark_ms < socket.session.placed_ms
            await self._arrive(socket, Arrival(mark_ms, moved_away))
            # Elsewhere something may have become of them on the way, when there was no socket yet.
            self.reconciler.find(socket)
            self.reconciler.catch_up(socket)
            await self._tell(socket)

    async def _tell(self, socket: Socket) -> None:
        """Why the socket before this one was cut off."""
        if socket.session.note:
            socket.write(refusal(socket.form, Refused(socket.session.note)))
            await self.registry.note(socket.session.digest, "")

    async def follow(self, socket: Socket) -> None:
        """The person moved, or reaches further or less far: what is newly in range is shown."""
        async with socket.lock:
            before = socket.place
            if before == socket.person.place or socket not in self.audience.of(socket.person):
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
        group = self.audience.groups[socket.place, socket.form]
        await self.watch.reach(group.tiles)
        self.showing.show(socket)
        self.activity.count_person(socket.person.person_id, socket.place.cell)
        drawn = group.drawn
        seen = await self.watch.source.replay(socket, arrival)
        if socket in self.audience.of(socket.person):
            self.audience.settle(socket, seen)
            if group.drawn != drawn or socket.guarded:
                self.showing.show(socket)

    def exit(self, socket: Socket) -> None:
        """The socket is gone. Its person stays for 45 s after their last sign of life."""
        if socket.outlet.too_slow:
            self.later(self.registry.note(socket.session.digest, "too-slow"))
        if self.audience.exit(socket):
            wait_s = max(0.0, LINGER_S - socket.outlet.quiet_s())
            handle = asyncio.get_running_loop().call_later(
                wait_s, lambda: self.later(self._depart(socket))
            )
            self.lingering[socket.person.person_id] = handle

    async def _depart(self, socket: Socket) -> None:
        self.lingering.pop(socket.person.person_id, None)
        change = await self.registry.depart(socket.session.digest, self.process)
        if change:
            self.announce(change)

    async def end(self, session: Session) -> None:
        """Ends a session: the person is gone from every list, and so are their sockets."""
        await self.start()
        change = await self.registry.close(session.digest)
        if change:
            self.announce(change)

    def _keep(self, person: Person) -> None:
        handle = self.lingering.pop(person.person_id, None)
        if handle:
            handle.cancel()

    # ---- What became of people ---------------------------------------------------------------

    def announce(self, change: Change) -> None:
        """Tells this process at once and the others by their groups what became of a person."""
        for socket in self.audience.of(change.session.person):
            if socket.person.version <= change.session.person.version and change.session.digest:
                self.reconciler.become(socket, change.session)
        for event in change.events:
            self.watch.apply(event)
            self.hints.tell(event.tile, {"type": "presence.changed", **to_event(event)})

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
        pulse = await self.registry.pulse([*self.watch.tiles])
        self.clock.observe(asked_ms, pulse.now_ms)
        restarted = self.leases.restarted(pulse)
        died, born = self.leases.take(pulse)
        if restarted:
            await self._restart(pulse.epoch)
            return
        self.leases.epoch = pulse.epoch
        if self.process not in pulse.processes:
            # The store hung for longer than the lease: until the next round nobody would see us.
            await self.leases.renew()
        self.watch.compare(pulse.versions)
        self.watch.processes_changed(died | born)
        if died:
            self.reconciler.take_over(died)
        for person in self.roster.lapsed(pulse.now_ms - int(PULSE_S * 2000), pulse.now_ms):
            self.showing.tile_changed(person.tile)
        for sockets in [*self.audience.sockets.values()]:
            self.reconciler.catch_up(next(iter(sockets)))
        if self.watch.tiles:
            await self.watch.source.poll()
            await self.watch.release()

    async def _restart(self, epoch: str) -> None:
        """The store began anew: register everybody again, read what it holds by now, say so.

        Where the store is lost again on the way, the epoch is still the old one: the next pulse
        begins anew.
        """
        await self.leases.renew()
        sessions = {socket.session.digest: socket.session for socket in self.audience.everyone()}
        changes = await self.registry.restore(sessions.values(), self.process)
        await self.watch.read([*self.watch.tiles])
        self.reconciler.find_missing(self.watch.tiles)
        await self.watch.source.restart()
        self.leases.epoch = epoch
        for change in changes:
            self.announce(change)
        for socket in self.audience.everyone():
            socket.write(self.welcome(socket))
            socket.write(gap(socket.form, "restarted"))
        await self._mark()

    async def _mark(self) -> None:
        """Where to resume from. One from before the last move would make a return an arrival."""
        mark_ms = self.watch.source.mark_ms
        mark = signals("mark", mark=mark_ms)
        for group in [*self.audience.groups.values()]:
            moved = [one for one in group.live if one.session.placed_ms > mark_ms]
            group.flush()  # it says that all before it was handed over
            group.write(mark[group.form], but=moved)
            await asyncio.sleep(0)

    async def _touch(self) -> None:
        await self.registry.touch({socket.session.digest for socket in self.audience.everyone()})

    async def _bury(self) -> None:
        self.audience.trails.expire()
        dead = self.roster.dead(self.leases.processes, self.now_ms())
        for change in await self.registry.bury(dead):
            self.announce(change)

    async def _trim(self) -> None:
        await self.watch.source.trim()

    async def _look(self) -> None:
        self.activity.count_present(self.audience.here())

    async def _receive(self, hint: dict[str, Any]) -> None:
        if hint["type"] == "process.began":
            self.watch.hear_of(hint["from"])
        elif hint["type"] == "presence.changed":
            self.watch.apply(event_of(hint))
        else:
            await self.watch.source.receive(hint)
