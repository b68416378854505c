"""What a process does again and again, so that its pictures are true whatever hints are lost."""

import asyncio

from neartalk.clock import StoreClock
from presence.delivery import Form, gap, signal, signals
from presence.geo import area_of
from presence.hub.departures import Departures
from presence.hub.effects import ShowTile
from presence.hub.runner import EffectRunner
from presence.registry import Registry
from presence.roster import Roster
from presence.values import Person

PULSE_S = 2.0
RENEW_S = 5.0
MARK_S = 10.0
REAP_S = 30.0
TRIM_S = 30.0
TOUCH_S = 300.0
COUNT_S = 60.0
LIMITS_S = 5.0
# What leases do not bear: they last 15 s, and are renewed every 5 s.
CLOCK_SET_MS = 5_000


class Rounds:
    """Each round may raise Refused: `store-unavailable`; then the next one does it again."""

    def __init__(
        self,
        registry: Registry,
        clock: StoreClock,
        roster: Roster,
        runner: EffectRunner,
        departures: Departures,
    ) -> None:
        self.registry = registry
        self.clock = clock
        self.roster = roster
        self.runner = runner
        self.departures = departures
        self.audience = runner.audience
        self.leases = runner.leases
        self.subscriptions = runner.subscriptions
        self.updates = runner.updates
        self.reconciler = runner.reconciler
        self.limits = runner.limits.current()

    def start(self) -> None:
        """Begins all rounds but the first pulse, which the caller has awaited."""
        for period_s, act in (
            (PULSE_S, self.pulse),
            (RENEW_S, self.leases.renew),
            (MARK_S, self.mark),
            (REAP_S, self.reap),
            (TRIM_S, self.trim),
            (TOUCH_S, self.touch),
            (COUNT_S, self.count_people),
            (LIMITS_S, self.publish_limits),
        ):
            self.runner.background.every(period_s, act)

    async def pulse(self) -> None:
        """Every 2 s: the store's clock and epoch, which processes live, and what hints missed."""
        asked_ms = self.clock.own()
        status = await self.registry.status([*self.subscriptions.tiles])
        clock_set = abs(self.clock.observe(asked_ms, status.now_ms)) > CLOCK_SET_MS
        restarted = self.leases.restarted(status)
        died, born = self.leases.apply(status, clock_set=clock_set)
        if restarted:
            await self.restart(status.epoch)
            return
        self.leases.epoch = status.epoch
        self.runner.run(self.updates.compare(status.versions))
        self.runner.run(self.updates.processes_changed(died | born))
        if clock_set:
            # Whose minute is over is another question by another clock.
            self.runner.run(ShowTile(tile) for tile in [*self.subscriptions.tiles])
        if died:
            self.runner.run(self.reconciler.republish_orphaned(died))
        since_ms = status.now_ms - int(PULSE_S * 2000)
        self.runner.run(self.updates.expire(since_ms, status.now_ms))
        self.audience.note_silence()
        self.runner.broadcaster.resume()
        self.runner.run(self.reconciler.compare_all(status.now_ms))
        if self.leases.process not in status.processes:
            # The store hung for longer than the lease: until it is renewed our people are hidden.
            await self.leases.renew()
        if self.subscriptions.tiles:
            await self.runner.source.poll()
        if self.subscriptions.held:
            await self.runner.unsubscribe_unused()

    async def restart(self, epoch: str) -> None:
        """The store began anew: registers everybody again, reads what it holds, and says so. Who
        closed a page a moment ago is about to come back.

        If the store is lost again meanwhile, the epoch is still the old one: the next pulse begins
        again.
        """
        await self.leases.renew()
        sessions = {one.digest: one for one in self.departures.sessions.values()}
        here = (one.session for one in self.audience.all_sockets() if not one.ended)
        sessions |= {one.digest: one for one in here}
        changes = await self.registry.restore(sessions.values(), self.leases.process)
        tiles = {*self.subscriptions.tiles}
        self.runner.run(await self.runner.loader.load_tiles(tiles))
        self.runner.run(self.reconciler.republish_unlisted(tiles))
        await self.runner.source.restart()
        self.leases.epoch = epoch
        for change in changes:
            self.runner.announce(change)
        for socket in self.audience.all_sockets():
            self.runner.welcome(socket)
            socket.write(gap(socket.form, "restarted", socket.connection.language))
        await self.mark()

    async def mark(self) -> None:
        """Every 10 s: writes where a reader may resume from.

        Not to whoever moved since: with an older mark a return would be an arrival.
        """
        mark_ms = self.runner.source.mark_ms
        mark = signals("mark", mark=mark_ms)
        for cohort in [*self.audience.cohorts.values()]:
            now_ms = self.clock.now_ms()
            moved = [one for one in cohort.live if one.session.moved_since(mark_ms, now_ms)]
            # A mark says that everything before it was sent.
            self.audience.coalescer.flush(cohort)
            cohort.write(mark[cohort.form], but=moved)
            await asyncio.sleep(0)

    async def touch(self) -> None:
        """Every 5 min: 30 more minutes for the session of every socket."""
        await self.registry.touch({socket.session.digest for socket in self.audience.all_sockets()})

    async def reap(self) -> None:
        """Every 30 s: removes people whose process is dead or whose minute is over."""
        self.audience.recent.expire()
        dead = self._dead()
        for orphan in [one for one in dead if one.reachable and one.process]:
            # Away from now on, unless another process holds them by now.
            if change := await self.registry.release(orphan.person_id, orphan.process):
                dead.remove(orphan)
                self.runner.announce(change)
        for change in await self.registry.reap(dead):
            self.runner.announce(change)

    def _dead(self) -> list[Person]:
        return self.roster.dead(self.leases.processes, self.clock.now_ms())

    async def trim(self) -> None:
        """Every 30 s: deletes messages that have expired."""
        await self.runner.source.trim()

    async def count_people(self) -> None:
        """Every minute: counts who has a socket here, by area."""
        here = ((person_id, area_of(cell)) for person_id, cell in self.audience.locations())
        self.runner.activity.count_present(here)

    async def publish_limits(self) -> None:
        """Every 5 s: sends the limits to whoever reads JSON, if an operator has changed them."""
        limits = self.runner.limits.current()
        if limits == self.limits:
            return
        self.limits = limits
        frame = signal(Form.JSON, "limits", limits=limits)
        for cohort in [*self.audience.cohorts.values()]:
            if cohort.form is Form.JSON:
                cohort.write(frame)
                for socket in cohort.joining:
                    socket.write(frame)
                await asyncio.sleep(0)
