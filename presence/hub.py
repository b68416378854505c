"""This process's sockets, and the only code that writes chat and presence to them.

What arrives here is judged against the roster and the audience, which are pictures in memory; the
registry and the history (`Source`) stay the truth, read on arrival, after gaps and every 2 s.
"""

import asyncio
import secrets
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings

from neartalk.background import Background
from neartalk.clock import Clock, StoreClock, now_ms
from neartalk.codes import Refused
from neartalk.records import records
from presence.audience import Audience, Group
from presence.frames import Frame, gap, refusal, signal, signals
from presence.geo import Tile, tiles_within
from presence.hints import Hints
from presence.panel import Drawn
from presence.people import Change, Person, Place, Session, TileEvent
from presence.registry import LEASE_MS, Registry
from presence.roster import Nearby, Roster
from presence.sessions import why_over
from presence.sockets import Socket
from presence.source import Arrival, Silence, Source
from presence.store import registry
from presence.wire import event_of, to_event

PULSE_S = 2.0
RENEW_S = 5.0
MARK_S = 10.0
BURY_S = 30.0
TRIM_S = 30.0
TOUCH_S = 300.0
LINGER_S = 45.0
PEOPLE_S = 5.0
SOON_S = 0.05
LOOK_S = 60.0


class Hub:
    """One a process. `source` is set by the chat before the first socket joins."""

    source: Source = Silence()

    def __init__(self, registry: Registry, layer: Any = None, clock: Clock = now_ms) -> None:
        self.registry = registry
        self.clock = StoreClock(clock)
        self.now_ms = self.clock.now_ms
        self.background = Background()
        self.later = self.background.later
        self.process = secrets.token_hex(8)
        self.audience = Audience()
        self.roster = Roster()
        self.processes = frozenset({self.process})
        self.spared: frozenset[str] = frozenset()
        self.spared_until_ms = 0
        self.epoch = ""
        self.joined: set[Tile] = set()
        self.gate = asyncio.Lock()
        self.starting: asyncio.Lock = asyncio.Lock()
        self.lingering: dict[str, asyncio.TimerHandle] = {}
        self.hints = Hints(
            layer,
            self.process,
            "tile",
            take=self._receive,
            later=self.later,
            alone=lambda: self.processes == {self.process},
        )
        self.stale: set[Tile] = set()
        self.refreshing = False

    # ---- Life of the process -----------------------------------------------------------------

    async def start(self) -> None:
        """Begins to listen, to renew its lease and to poll; does nothing the second time."""
        async with self.starting:
            if self.background.rounds:
                return
            await self.registry.renew(self.process)
            await self._pulse()
            if self.hints.layer:
                await self.hints.open()
                self.background.always(self.hints.listen())
            for period_s, act in (
                (PULSE_S, self._pulse),
                (RENEW_S, self._renew),
                (MARK_S, self._mark),
                (BURY_S, self._bury),
                (TRIM_S, self._trim),
                (TOUCH_S, self._touch),
                (LOOK_S, self._look),
            ):
                self.background.every(period_s, act)

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
                self._part(socket, socket.session.blocked)
            moved_away = mark_ms is not None and mark_ms < socket.session.placed_ms
            await self._arrive(socket, Arrival(mark_ms, moved_away))
            # Elsewhere something may have become of them on the way, when there was no socket yet.
            if self._is_missing(socket):
                self.later(self._place_again(socket))
            self._catch_up(socket)
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
            if before == socket.person.place or socket not in self._sockets(socket.person):
                return
            self.audience.move(socket)
            try:
                await self._arrive(socket, Arrival(moved_from=before))
            except Refused:
                socket.end(Refused("try-later"))
            except Exception:
                # Whatever it was, a socket that stays open must not stay deaf.
                socket.end(Refused("try-later"))
                raise

    async def _arrive(self, socket: Socket, arrival: Arrival) -> None:
        group = self.audience.groups[socket.place, socket.form]
        await self.reach(group.tiles)
        self.show_people(socket)
        records().activity.see(socket.person.person_id, socket.place.cell)
        drawn = group.drawn
        seen = await self.source.replay(socket, arrival)
        if socket in self._sockets(socket.person):
            self.audience.settle(socket, seen)
            if group.drawn != drawn or socket.guarded:
                self.show_people(socket)

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

    def _sockets(self, person: Person) -> set[Socket]:
        return self.audience.sockets.get(person.person_id, set())

    # ---- Tiles -------------------------------------------------------------------------------

    async def reach(self, tiles: Collection[Tile]) -> None:
        """Returns once these tiles are watched: their groups, roster and feed."""
        if self.joined.issuperset(tiles):
            return
        async with self.gate:
            # Whoever asked for them may have gone meanwhile.
            fresh = {tile for tile in tiles if tile in self.audience.by_tile} - self.joined
            if fresh:
                await self._begin(fresh)

    async def _begin(self, tiles: set[Tile]) -> None:
        """Joins the groups first, then reads: what changes in between is heard."""
        await self.hints.join(tiles)
        await self._read(tiles)
        await self.source.begin(tiles)
        self.joined |= tiles

    async def _release(self) -> None:
        """Lets go of tiles that nobody here reaches any more."""
        async with self.gate:
            spare = self.joined - self.audience.by_tile.keys()
            # All at once: whoever enters one of them from now on waits for the gate.
            self.joined -= spare
            self.source.forget(spare)
            for tile in spare:
                self.roster.forget(tile)
            await self.hints.leave(spare)

    async def _read(self, tiles: Iterable[Tile]) -> None:
        found = await self.registry.people(tiles)
        people = (person for tileful in found.values() for person in tileful.people.values())
        if not {person.process for person in people} <= self.processes | {""}:
            for process in (await self.registry.pulse(())).processes:
                self.hear_of(process)
        for tile, tileful in found.items():
            self.roster.load(tile, tileful)
            self._changed(tile)
            for person in tileful.people.values():
                self._notice(person)

    # ---- Presence ----------------------------------------------------------------------------

    def announce(self, change: Change) -> None:
        """Tells this process at once and the others by their groups what became of a person."""
        for socket in self._sockets(change.session.person):
            if socket.person.version <= change.session.person.version and change.session.digest:
                self._become(socket, change.session)
        for event in change.events:
            self.apply(event)
            self.hints.tell(event.tile, {"type": "presence.changed", **to_event(event)})

    def apply(self, event: TileEvent) -> None:
        """Takes one change of a tile over."""
        if event.tile not in self.roster.versions:
            return
        before = self._seen(self.roster.person(event.tile, event.person.person_id))
        self.hear_of(event.person.process)
        if not self.roster.apply(event):
            self._reread({event.tile})
        after = self._seen(event.person if event.here else None)
        if after != before:
            for seen in filter(None, (before, after)):
                self._show_soon(self.audience.hearing(seen[1]))
        self._notice(event.person)
        if not event.here and self._sockets(event.person):
            self._claim(event.person, event.tile)

    def _seen(self, listed: Person | None) -> tuple[str, Place, bool] | None:
        """All that others see of somebody listed, and whether they do. Who is listed no more may
        still be shown by a page that has not looked since their time was over."""
        if listed is None:
            return None
        return listed.name, listed.place, listed.alive(self.processes, self.now_ms())

    def hear_of(self, process: str) -> None:
        """Whoever has just written lives, and so do its people; the next pulse knows for sure."""
        if process and process not in self.processes:
            self.processes |= {process}
            for tile in self.roster.tiles_of({process}):
                self._changed(tile)

    def _notice(self, person: Person) -> None:
        """The registry knows something newer of a person who has sockets here: read it."""
        for socket in self._sockets(person):
            if person.version > socket.person.version:
                self.later(self._read_session(person, socket.session.digest))
                return

    def _catch_up(self, socket: Socket) -> None:
        """The same, where nobody tells any more: reading may have failed."""
        listed = self.roster.person(socket.person.tile, socket.person.person_id)
        if listed:
            self._notice(listed)

    async def _read_session(self, person: Person, digest: str) -> None:
        session = await self.registry.get(digest)
        if session is None:
            await self._say_over(person)
            return
        for socket in [*self._sockets(person)]:
            if session.person.version > socket.person.version:
                self._become(socket, session)

    async def _say_over(self, person: Person) -> None:
        """Another process closed their session."""
        if sockets := [*self._sockets(person)]:
            refused = await why_over(sockets[0].session)
            for socket in sockets:
                socket.end(refused)

    def _become(self, socket: Socket, session: Session) -> None:
        """Brings a socket in line with what its person has become."""
        before, socket.session = socket.session, session
        if not socket.person.cell:
            socket.end(Refused("left"))
            return
        if socket.person.place != socket.place:
            self.later(self.follow(socket))
        if socket.person.name != before.person.name:
            socket.write(self.welcome(socket))
        if session.hidden != before.hidden:
            self._part(socket, session.blocked - before.blocked)

    def _part(self, socket: Socket, blocked: Collection[str]) -> None:
        """A block stands between its person and somebody: each is gone for the other."""
        self.audience.guard(socket)
        group = self.audience.group_of(socket)
        if blocked:
            socket.write(signal(socket.form, "blocked", person_ids=sorted(blocked)))
        if socket.held is None and blocked:
            self.show_people(socket)
        elif group:
            self._show_soon([group])  # when a departure would be seen

    def _claim(self, person: Person, tile: Tile) -> None:
        """Another process took a person out who still has sockets here: put them back."""
        for socket in self._sockets(person):
            if person.cell and person.tile == tile:
                self.later(self._place_again(socket))
                return

    def _find_missing(self, tiles: Collection[Tile]) -> None:
        """The same, where nobody heard of it: read from the registry, they are not there."""
        for tile in tiles:
            for socket in self.audience.standing(tile):
                if socket.person.tile == tile and self._is_missing(socket):
                    self.later(self._place_again(socket))

    def _is_missing(self, socket: Socket) -> bool:
        """Whether nobody sees its person in the tile where they are."""
        listed = self.roster.person(socket.person.tile, socket.person.person_id)
        return listed is None or not listed.process

    def _take_over(self, processes: Collection[str]) -> None:
        """A process died that held people who have sockets here too."""
        for sockets in self.audience.sockets.values():
            socket = next(iter(sockets))
            if socket.person.process in processes:
                self.later(self._place_again(socket))

    async def _place_again(self, socket: Socket) -> None:
        session = await self.registry.get(socket.session.digest)
        if session is None:
            await self._say_over(socket.person)
        elif session.person.cell:
            place = session.person.place
            self.announce(await self.registry.place(session.digest, place, self.process))

    def _reread(self, tiles: Iterable[Tile]) -> None:
        self.stale.update(tiles)
        if not self.refreshing:
            self.refreshing = True
            self.later(self._refresh())

    async def _refresh(self) -> None:
        try:
            while self.stale:
                tiles = {tile for tile in self.stale if tile in self.joined}
                self.stale.clear()
                await self._read(tiles)
                self._find_missing(tiles)
        finally:
            self.refreshing = False

    # ---- What people see of each other -------------------------------------------------------

    def nearby(self, place: Place, hidden: frozenset[str] = frozenset()) -> Nearby:
        return self.roster.nearby(place, self.processes, self.now_ms(), hidden)

    async def look(self, place: Place, hidden: frozenset[str]) -> Nearby:
        """Who is near a place that this process may not be watching, read from the registry."""
        tiles = tiles_within(place.cell, place.radius_m)
        if tiles <= self.joined:
            return self.nearby(place, hidden)
        roster = Roster()
        pulse = await self.registry.pulse(())
        for tile, tileful in (await self.registry.people(tiles)).items():
            roster.load(tile, tileful)
        return roster.nearby(place, pulse.processes, pulse.now_ms, hidden)

    def show_people(self, socket: Socket, drawn: Drawn | None = None) -> None:
        """Writes who is near, if that differs from what the socket shows."""
        hidden = socket.session.hidden if socket.guarded else frozenset[str]()
        if drawn is None or self.roster.holds(hidden, socket.place):
            drawn = Drawn(self.nearby(socket.place, hidden))
        frame = drawn.frame(socket)
        if hash(frame.text) != socket.people_shown:
            socket.people_shown = hash(frame.text)
            socket.write(frame)

    def _changed(self, tile: Tile) -> None:
        """Anything may have changed in a tile: whoever reaches it looks."""
        self._show_soon(self.audience.reaching(tile))

    def _show_soon(self, groups: Iterable[Group]) -> None:
        """Somebody near came, moved or left: these groups are told, at most every 5 s, and many in
        one turn of the loop."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        for group in groups:
            if group.people_timer is None:
                due_s = max(now_s, group.people_at_s + PEOPLE_S)
                turn_s = (due_s // SOON_S + 1) * SOON_S
                group.people_timer = loop.call_at(turn_s, self._show_group, group)

    def _show_group(self, group: Group) -> None:
        group.people_timer = None
        group.people_at_s = asyncio.get_running_loop().time()
        group.drawn += 1
        drawn = Drawn(self.nearby(group.place))
        for socket in group.live:
            self.show_people(socket, drawn)

    def welcome(self, socket: Socket) -> Frame:
        return signal(
            socket.form,
            "welcome",
            person_id=socket.person.person_id,
            username=socket.person.name,
            epoch=self.epoch,
            now=self.now_ms(),
        )

    # ---- Rounds ------------------------------------------------------------------------------

    async def _pulse(self) -> None:
        """Every 2 s: the epoch, who lives, which tiles changed unheard, what was said unheard."""
        tiles = [*self.joined]
        asked_ms = self.clock.own()
        pulse = await self.registry.pulse(tiles)
        self.clock.answered(asked_ms, pulse.now_ms)
        restarted = self.epoch not in {"", pulse.epoch}
        if restarted:
            # Their leases went with the store, as ours did: they have the time of one to renew it.
            self.spared, self.spared_until_ms = self.processes, pulse.now_ms + LEASE_MS
        elif pulse.now_ms >= self.spared_until_ms:
            self.spared = frozenset()
        living = pulse.processes | self.spared | {self.process}
        died, born = self.processes - living, living - self.processes
        self.processes = living
        if restarted:
            await self._restart(pulse.epoch)
            return
        self.epoch = pulse.epoch
        if self.process not in pulse.processes:
            # The store hung for longer than the lease: until the next round nobody would see us.
            await self._renew()
        self._reread(
            tile for tile in tiles if self.roster.versions.get(tile) != pulse.versions[tile]
        )
        for tile in self.roster.tiles_of(died | born):
            self._changed(tile)
        if died:
            self._take_over(died)
        for person in self.roster.lapsed(pulse.now_ms - int(PULSE_S * 2000), pulse.now_ms):
            self._changed(person.tile)
        for sockets in [*self.audience.sockets.values()]:
            self._catch_up(next(iter(sockets)))
        if self.joined:
            await self.source.poll()
            await self._release()

    async def _restart(self, epoch: str) -> None:
        """The store began anew: register everybody again, read what it holds by now, say so.

        Where the store is lost again on the way, the epoch is still the old one: the next pulse
        begins anew.
        """
        await self._renew()
        sessions = {socket.session.digest: socket.session for socket in self.audience.everyone()}
        changes = await self.registry.restore(sessions.values(), self.process)
        await self._read([*self.joined])
        self._find_missing(self.joined)
        await self.source.restart()
        self.epoch = epoch
        for change in changes:
            self.announce(change)
        for socket in self.audience.everyone():
            socket.write(self.welcome(socket))
            socket.write(gap(socket.form, "restarted"))
        await self._mark()

    async def _renew(self) -> None:
        await self.registry.renew(self.process)

    async def _mark(self) -> None:
        """Where to resume from. One from before the last move would make a return an arrival."""
        mark_ms = self.source.mark_ms
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
        dead = self.roster.dead(self.processes, self.now_ms())
        for change in await self.registry.bury(dead):
            self.announce(change)

    async def _trim(self) -> None:
        await self.source.trim()

    async def _look(self) -> None:
        records().activity.look(self.audience.here())

    async def _receive(self, hint: dict[str, Any]) -> None:
        if hint["type"] == "process.began":
            self.hear_of(hint["from"])
        elif hint["type"] == "presence.changed":
            self.apply(event_of(hint))
        else:
            await self.source.receive(hint)


@cache
def hub() -> Hub:
    """The hub of this process. In the embedded form it joins no group: there is nobody else."""
    return Hub(registry(), get_channel_layer() if settings.REDIS_URLS else None)
