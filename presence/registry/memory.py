"""Who is here, in the memory of the one process of the embedded form."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from neartalk.clock import Clock, steady_ms
from neartalk.codes import Refused
from presence.registry.contract import BLOCKED_MAX, RECENT_TILES_MAX, nobody, trail_ms
from presence.registry.memory_leases import MemoryLeases
from presence.registry.memory_sessions import MemorySessions
from presence.registry.memory_tiles import MemoryTiles
from presence.values import HTTP_ONLY_MS, Change, Left, Place, Session


class MemoryRegistry:
    def __init__(self, clock: Clock = steady_ms) -> None:
        self.clock = clock
        self.sessions = MemorySessions(clock)
        self.tiles = MemoryTiles(self.sessions)
        self.leases = MemoryLeases(clock, self.tiles)
        # What takes one of them alone.
        self.open, self.get, self.find = self.sessions.open, self.sessions.get, self.sessions.find
        self.touch, self.note = self.sessions.touch, self.sessions.note
        self.persons, self.held = self.sessions.persons, self.sessions.held
        self.people, self.reap = self.tiles.people, self.tiles.reap
        self.reconcile, self.unlist = self.tiles.reconcile, self.tiles.unlist
        self.renew, self.status = self.leases.renew, self.leases.status

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
        self, digest: str, place: Place | None, process: str, *, was: str | None = None
    ) -> Change:
        session = self.sessions.known(digest)
        before = session.person
        process = process if was in {None, before.process} else before.process
        placed = self.sessions.keep(
            placed_at(session, place or before.place, process, self.clock())
        )
        events = self.tiles.enter(placed.person)
        if before.cell and before.tile != placed.person.tile:
            events += self.tiles.leave(before.tile, placed.person)
        return Change(placed, events)

    async def release(self, person_id: str, process: str) -> Change | None:
        return await self.depart(self.sessions.digests.get(person_id, ""), process)

    async def depart(self, digest: str, process: str) -> Change | None:
        session = self.sessions.by_digest.get(digest)
        if not session or not session.person.cell:
            return None
        tile = session.person.tile
        if session.person.process != process:
            stays = session.person.stays_in(tile)
            events = () if stays else self.tiles.leave(tile, session.person)
            return Change(nobody(session.person), events) if events else None
        person = session.person.changed(process="", until_ms=0, version=session.person.version + 1)
        departed = self.sessions.update(replace(session, person=person))
        return Change(departed, self.tiles.leave(tile, person))

    async def block(self, digest: str, person_id: str) -> list[Change]:
        session, other = self.sessions.known(digest), await self.find(person_id)
        own = session.person.person_id
        if person_id in session.blocked:
            return []
        if len(session.blocked) >= BLOCKED_MAX:
            raise Refused("blocks-spent")
        theirs = []
        if other:
            since = {**other.blocked_by, own: self.clock()}
            theirs = [self._changed(replace(other, blocked_by=since))]
        return [self._changed(replace(session, blocked=session.blocked | {person_id})), *theirs]

    async def complete_blocks(self, sessions: Iterable[Session]) -> list[Change]:
        changes = []
        for session in sessions:
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

    def _changed(self, session: Session) -> Change:
        """Keeps a session under its next version, and publishes its person if anybody sees them."""
        person = session.person.changed(version=session.person.version + 1)
        changed = self.sessions.update(replace(session, person=person))
        published = bool(person.process) or person.until_ms > self.clock()
        return Change(changed, self.tiles.enter(person) if published else ())

    async def close(self, digest: str) -> Change | None:
        session = self.sessions.forget(digest)
        if not session or not session.person.cell:
            return None
        tile = session.person.tile
        person = session.person.changed(cell="", version=session.person.version + 1)
        return Change(replace(session, person=person), self.tiles.leave(tile, person))

    async def restore(self, sessions: Iterable[Session], process: str) -> list[Change]:
        lost = [self.sessions.keep(one) for one in sessions if self.sessions.is_lost(one)]
        return [await self.place(one.digest, one.person.place, process) for one in lost]


def placed_at(session: Session, place: Place, process: str, at_ms: int) -> Session:
    """The session in its next place. With no process its person is shown for a minute."""
    before = session.person
    person = before.changed(
        cell=place.cell,
        radius_m=place.radius_m,
        roughness=place.roughness,
        version=before.version + 1,
        process=process,
        until_ms=0 if process else at_ms + HTTP_ONLY_MS,
    )
    # Whoever was listed nowhere comes anew.
    same = (before.cell, before.roughness) == (place.cell, place.roughness)
    was_here = same and bool(before.process or before.until_ms > at_ms)
    moved = bool(before.cell) and before.tile != person.tile
    left = (Left(before.tile, at_ms),) if moved else ()
    fresh = tuple(one for one in session.recent_tiles if one.left_ms > at_ms - trail_ms())
    return replace(
        session,
        person=person,
        placed_ms=session.placed_ms if before.place == place else at_ms,
        cell_ms=session.cell_ms if was_here else at_ms,
        recent_tiles=(*fresh, *left)[-RECENT_TILES_MAX:],
    )
