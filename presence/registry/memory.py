"""Who is here, in the memory of the one process of the embedded form."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from neartalk.clock import Clock, steady_ms
from neartalk.codes import Refused
from neartalk.push import PushSubscription
from presence.door_holder import door_of
from presence.geo import Roughness, Tile
from presence.place_clock import Draw, by_chance
from presence.registry.contract import BLOCKED_MAX, StoreStatus, closed, nobody
from presence.registry.memory_leases import MemoryLeases
from presence.registry.memory_sessions import MemorySessions
from presence.registry.memory_tiles import MemoryTiles
from presence.registry.placing import after_telling, departed, in_effect, lingering, placed_at
from presence.values import Change, Place, Session, Timing


class MemoryRegistry:
    def __init__(self, clock: Clock = steady_ms, draw: Draw = by_chance) -> None:
        """`draw` says when told places take effect."""
        self.clock, self.draw = clock, draw
        self.sessions = MemorySessions(clock)
        self.tiles = MemoryTiles(self.sessions)
        self.leases = MemoryLeases(clock, self.tiles)
        # What takes one of them alone.
        self.get, self.find = self.sessions.get, self.sessions.find
        self.touch, self.note = self.sessions.touch, self.sessions.note
        self.persons, self.held = self.sessions.persons, self.sessions.held
        self.push_of = self.sessions.push_of
        self.people, self.reap = self.tiles.people, self.tiles.reap
        self.reconcile, self.unlist = self.tiles.reconcile, self.tiles.unlist
        self.renew = self.leases.renew

    async def status(self, tiles: Iterable[Tile]) -> StoreStatus:
        """What is asked every 2 s. Whoever's session ended goes then, from the lists of tiles too,
        though nobody comes any more; and so does whoever lingered."""
        self._forget_ended()
        self.tiles.forget_lingering(self.clock())
        return await self.leases.status(tiles)

    async def open(
        self,
        digest: str,
        name: str,
        *,
        device: str = "",
        origin: str = "",
        roughness: Roughness = Roughness.BLOCK,
    ) -> Session:
        self._forget_ended()
        return await self.sessions.open(
            digest, name, device=device, origin=origin, roughness=roughness
        )

    def _forget_ended(self) -> None:
        for session in self.sessions.forget_idle():
            self.tiles.leave(session.person.tile, session.person)

    async def hold(self, person_ids: Collection[str], process: str) -> None:
        """Sessions say all of it."""

    async def rename(self, digest: str, name: str) -> Change:
        session = self.sessions.known(digest)
        if name == session.person.name:
            return Change(session)
        if not session.renames_left:
            raise Refused("renames-spent")
        person = session.person.changed(name=name)
        return self._changed(replace(session, person=person, renames_left=session.renames_left - 1))

    async def place(
        self,
        digest: str,
        place: Place | None,
        process: str,
        *,
        was: str | None = None,
        told_ms: int = 0,
    ) -> Change:
        session, now_ms = self.sessions.known(digest), self.clock()
        to = in_effect(session, place, now_ms)
        return self._placed(session, *to, process, was, now_ms, told_ms)

    async def request_place(
        self,
        digest: str,
        asked: Place,
        process: str,
        *,
        was: str | None = None,
        told_ms: int = 0,
        far_holds_ms: int = 0,
    ) -> Change:
        session, now_ms = self.sessions.known(digest), self.clock()
        to = after_telling(session, asked, now_ms, self.draw, far_holds_ms)
        return self._placed(session, *to, process, was, now_ms, told_ms)

    def _placed(
        self,
        session: Session,
        place: Place,
        timing: Timing,
        process: str,
        was: str | None,
        now_ms: int,
        told_ms: int,
    ) -> Change:
        before = session.person
        process = process if was in {None, before.process} else before.process
        placed = self.sessions.keep(placed_at(session, place, timing, process, now_ms))
        events = self.tiles.linger(lingering(session, now_ms, place, told_ms))
        events += self.tiles.enter(placed.person)
        if before.cell and before.tile != placed.person.tile:
            events += self.tiles.leave(before.tile, placed.person)
        return Change(placed, events)

    async def release(self, person_id: str, process: str) -> Change | None:
        return await self.depart(self.sessions.digests.get(person_id, ""), process)

    async def depart(self, digest: str, process: str, *, told_ms: int = 0) -> Change | None:
        session = self.sessions.by_digest.get(digest)
        if not session or not session.person.cell:
            return None
        tile = session.person.tile
        if session.person.process != process:
            stays = session.person.stays_in(tile)
            events = () if stays else self.tiles.leave(tile, session.person)
            return Change(nobody(session.person), events) if events else None
        after = departed(session, self.clock())
        if after.person.is_away:
            return Change(self.sessions.keep(after), self.tiles.enter(after.person))
        events = self.tiles.linger(lingering(session, self.clock(), None, told_ms))
        events += self.tiles.leave(tile, after.person)
        return Change(self.sessions.update(after), events)

    async def block(self, digest: str, person_id: str, *, told_ms: int = 0) -> list[Change]:
        session, other = self.sessions.known(digest), await self.find(person_id)
        own = session.person.person_id
        if person_id in session.blocked:
            return []
        if len(session.blocked) >= BLOCKED_MAX:
            raise Refused("blocks-spent")
        events = self.tiles.linger(lingering(session, self.clock(), None, told_ms))
        lingers = [Change(nobody(session.person), events)] if events else []
        theirs = []
        if other:
            since = {**other.blocked_by, own: self.clock()}
            theirs = [self._changed(replace(other, blocked_by=since))]
        ours = self._changed(replace(session, blocked=session.blocked | {person_id}))
        return [*lingers, ours, *theirs]

    async def unblock(self, digest: str, person_id: str) -> list[Change]:
        session, other = self.sessions.known(digest), await self.find(person_id)
        if person_id not in session.blocked or other is None:
            raise Refused("not-found")
        own = session.person.person_id
        since = {id: ms for id, ms in other.blocked_by.items() if id != own}
        theirs = self._changed(replace(other, blocked_by=since))
        return [self._changed(replace(session, blocked=session.blocked - {person_id})), theirs]

    async def complete_blocks(self, sessions: Iterable[Session]) -> list[Change]:
        changes = []
        known = [self.sessions.by_digest.get(one.digest) for one in sessions]
        for session in filter(None, known):
            own = session.person.person_id
            for person_id in session.blocked:
                other = await self.find(person_id)
                if other and own not in other.blocked_by:
                    since = {**other.blocked_by, own: self.clock()}
                    changes.append(self._changed(replace(other, blocked_by=since)))
            for person_id in session.blocked_by:
                other = await self.find(person_id)
                if other and own not in other.blocked:
                    changes.append(self._changed(replace(other, blocked=other.blocked | {own})))
        return changes

    async def set_door(self, person_id: str, process: str, *, is_open: bool) -> Change | None:
        session = await self.find(person_id)
        if session is None:
            return None
        person = session.person.with_door(process, is_open=is_open)
        if person != session.person:
            return self._changed(replace(session, person=person))
        return Change(session) if is_open and person.door == door_of(process) else None

    async def set_push(
        self, digest: str, push: PushSubscription | None, *, endpoint: str = ""
    ) -> Change | None:
        session, known = self.sessions.by_digest.get(digest), self.sessions.pushes.get(digest)
        if push:
            session = self.sessions.known(digest)
            self.sessions.pushes[digest] = push
        elif not session or not known or (endpoint and known.endpoint != endpoint):
            return None
        else:
            del self.sessions.pushes[digest]
        if session.person.reachable == bool(push):
            return None
        was_away = session.person.is_away
        person = session.person.changed(reachable=bool(push))
        if not was_away:
            return self._changed(replace(session, person=person))
        gone = person.changed(until_ms=0, version=person.version + 1)
        events = self.tiles.linger(lingering(session, self.clock()))
        left = self.sessions.update(replace(session, person=gone))
        return Change(left, events + (self.tiles.leave(gone.tile, gone) if gone.cell else ()))

    def _changed(self, session: Session) -> Change:
        """Keeps a session under its next version, and publishes its person if anybody sees them."""
        person = session.person.changed(version=session.person.version + 1)
        changed = self.sessions.update(replace(session, person=person))
        published = bool(person.process) or person.until_ms > self.clock()
        return Change(changed, self.tiles.enter(person) if published else ())

    async def close(self, digest: str, *, told_ms: int = 0, at_once: bool = False) -> Change | None:
        session = self.sessions.forget(digest)
        if not session or not session.person.cell:
            return None
        tile = session.person.tile
        person = session.person.changed(cell="", version=session.person.version + 1)
        person_lingers = lingering(session, self.clock(), None, told_ms)
        events = () if at_once else self.tiles.linger(person_lingers)
        return Change(replace(session, person=person), events + self.tiles.leave(tile, person))

    async def restore(self, sessions: Iterable[Session], process: str) -> list[Change]:
        lost = [self.sessions.keep(closed(one)) for one in sessions if self.sessions.is_lost(one)]
        return [await self.place(one.digest, None, process) for one in lost]
