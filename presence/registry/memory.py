"""Who is here, in the memory of the one process of the embedded form."""

import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from django.conf import settings

from neartalk.clock import Clock, lasts, steady_ms
from neartalk.codes import Refused
from presence.geo import Tile
from presence.registry.contract import (
    BLOCKED_MAX,
    LEASE_MS,
    RECENT_TILES_MAX,
    SET_BACK_MS,
    StoreStatus,
    TileSnapshot,
    nobody,
)
from presence.values import (
    HTTP_ONLY_MS,
    Change,
    Left,
    Person,
    Place,
    Session,
    TileEvent,
    person_id_of,
)


class MemoryRegistry:
    def __init__(self, clock: Clock = steady_ms) -> None:
        self.clock = clock
        self.epoch = secrets.token_hex(8)
        self.sessions: dict[str, Session] = {}
        self.digests: dict[str, str] = {}
        self.ends_ms: dict[str, int] = {}
        self.tiles: dict[Tile, dict[str, Person]] = {}
        self.versions: dict[Tile, int] = {}
        self.leases: dict[str, int] = {}
        self.latest_ms = 0

    async def open(self, digest: str, name: str, *, device: str = "", origin: str = "") -> Session:
        self._forget_idle()
        person = Person(person_id_of(digest), name)
        session = Session(
            digest,
            person,
            settings.RENAMES,
            opened_ms=self.clock(),
            device=device,
            origin=origin,
        )
        self.digests[person.person_id] = digest
        return self._keep(session)

    async def get(self, digest: str) -> Session | None:
        return self._live(digest)

    async def find(self, person_id: str) -> Session | None:
        digest = self.digests.get(person_id, "")
        return self.sessions[digest] if self._lives(digest) else None

    async def touch(self, digests: Iterable[str]) -> None:
        for digest in digests:
            self._live(digest)

    async def rename(self, digest: str, name: str) -> Change:
        session = self._known(digest)
        if name == session.person.name:
            return Change(session)
        if not session.renames_left:
            raise Refused("renames-spent")
        person = session.person.changed(name=name)
        return self._changed(replace(session, person=person, renames_left=session.renames_left - 1))

    async def place(
        self, digest: str, place: Place | None, process: str, *, was: str | None = None
    ) -> Change:
        session, now = self._known(digest), self.clock()
        before = session.person
        process = process if was in {None, before.process} else before.process
        place = place or before.place
        person = before.changed(
            cell=place.cell,
            radius_m=place.radius_m,
            version=before.version + 1,
            process=process,
            until_ms=0 if process else now + HTTP_ONLY_MS,
        )
        moved = bool(before.cell) and before.tile != person.tile
        left = (Left(before.tile, now),) if moved else ()
        fresh = tuple(one for one in session.recent_tiles if one.left_ms > now - self._life_ms())
        self._keep(
            replace(
                session,
                person=person,
                placed_ms=session.placed_ms if before.place == place else now,
                recent_tiles=(*fresh, *left)[-RECENT_TILES_MAX:],
            )
        )
        entered = self._enter(person)
        gone = self._leave(before.tile, person) if moved else ()
        return Change(self.sessions[digest], entered + gone)

    async def release(self, person_id: str, process: str) -> Change | None:
        return await self.depart(self.digests.get(person_id, ""), process)

    async def depart(self, digest: str, process: str) -> Change | None:
        session = self.sessions.get(digest)
        if not session or not session.person.cell:
            return None
        if session.person.process != process:
            stays = session.person.stays_in(session.person.tile)
            events = () if stays else self._leave(session.person.tile, session.person)
            return Change(nobody(session.person), events) if events else None
        person = session.person.changed(process="", until_ms=0, version=session.person.version + 1)
        self.sessions[digest] = replace(session, person=person)
        return Change(self.sessions[digest], self._leave(person.tile, person))

    async def block(self, digest: str, person_id: str) -> list[Change]:
        session, other = self._known(digest), await self.find(person_id)
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

    async def close(self, digest: str) -> Change | None:
        session = self._forget(digest)
        if not session or not session.person.cell:
            return None
        person = session.person.changed(cell="", version=session.person.version + 1)
        return Change(replace(session, person=person), self._leave(session.person.tile, person))

    async def note(self, digest: str, code: str) -> None:
        if digest in self.sessions:
            self.sessions[digest] = replace(self.sessions[digest], note=code)

    async def restore(self, sessions: Iterable[Session], process: str) -> list[Change]:
        lost = [session for session in sessions if self._is_newer(session)]
        for session in lost:
            self.digests[session.person.person_id] = session.digest
            self._keep(session)
        return [await self.place(one.digest, one.person.place, process) for one in lost]

    async def held(self, process: str) -> frozenset[str]:
        people = (one.person for one in self.sessions.values())
        return frozenset(one.person_id for one in people if one.process == process)

    async def hold(self, person_ids: Collection[str], process: str) -> None:
        """Sessions say all of it."""

    async def persons(self, person_ids: Iterable[str]) -> Mapping[str, Person]:
        found = [await self.find(person_id) for person_id in person_ids]
        return {one.person.person_id: one.person for one in found if one}

    async def reconcile(self, listed: Iterable[Person]) -> list[Change]:
        each = [*listed]
        known = await self.persons(one.person_id for one in each)
        events = [self._reconcile(one, known.get(one.person_id)) for one in each]
        return [Change(nobody(found[0].person), found) for found in events if found]

    def _reconcile(self, listed: Person, known: Person | None) -> tuple[TileEvent, ...]:
        here = self.tiles.get(listed.tile, {}).get(listed.person_id)
        if here != listed or here == known:
            return ()
        if known and known.stays_in(listed.tile):
            return self._enter(known)
        return self._leave(listed.tile, listed.changed(version=listed.version + 1))

    async def unlist(self, person: Person, tiles: Iterable[Tile]) -> list[Change]:
        events = [self._leave(tile, person) for tile in tiles if tile != person.tile]
        return [Change(nobody(person), found) for found in events if found]

    async def people(self, tiles: Iterable[Tile]) -> Mapping[Tile, TileSnapshot]:
        return {
            tile: TileSnapshot(self.versions.get(tile, 0), dict(self.tiles.get(tile, {})))
            for tile in tiles
        }

    async def reap(self, people: Iterable[Person]) -> list[Change]:
        changes = []
        for person in people:
            known = self.tiles.get(person.tile, {}).get(person.person_id)
            if known and known.version == person.version:
                dead = person.changed(version=person.version + 1)
                changes.append(Change(nobody(dead), self._leave(person.tile, dead)))
        return changes

    async def renew(self, process: str) -> None:
        self.leases[process] = self.clock() + LEASE_MS

    async def status(self, tiles: Iterable[Tile]) -> StoreStatus:
        now = self.clock()
        if now < self.latest_ms - SET_BACK_MS:
            self.epoch = secrets.token_hex(8)
            self.latest_ms = now
        self.latest_ms = max(self.latest_ms, now)
        processes = frozenset(
            name for name, end in self.leases.items() if lasts(end, now, LEASE_MS)
        )
        versions = {tile: self.versions.get(tile, 0) for tile in tiles}
        return StoreStatus(now, self.epoch, processes, versions)

    def _is_newer(self, session: Session) -> bool:
        """Whether the store has lost a session, or holds it as it was before."""
        known = self.sessions.get(session.digest)
        older = known and known.person.version < session.person.version
        return known is None or bool(older and known.opened_ms == session.opened_ms)

    # ---- Steps -------------------------------------------------------------------------------

    def _known(self, digest: str) -> Session:
        session = self._live(digest)
        if session is None:
            raise Refused("session-unknown")
        return session

    def _live(self, digest: str) -> Session | None:
        if not self._lives(digest):
            self._forget(digest)
            return None
        return self._keep(self.sessions[digest])

    def _lives(self, digest: str) -> bool:
        return self.ends_ms.get(digest, 0) > self.clock()

    def _forget(self, digest: str) -> Session | None:
        self.ends_ms.pop(digest, None)
        self.digests.pop(person_id_of(digest), None)
        return self.sessions.pop(digest, None)

    def _changed(self, session: Session) -> Change:
        """Keeps a session under its next version, and publishes its person if anybody sees them."""
        person = session.person.changed(version=session.person.version + 1)
        self.sessions[session.digest] = replace(session, person=person)
        published = bool(person.process) or person.until_ms > self.clock()
        return Change(self.sessions[session.digest], self._enter(person) if published else ())

    def _keep(self, session: Session) -> Session:
        """Keeps the session for another while; the idlest stand first."""
        self.sessions[session.digest] = session
        self.ends_ms.pop(session.digest, None)
        self.ends_ms[session.digest] = self.clock() + settings.SESSION_IDLE_SECONDS * 1000
        return session

    def _forget_idle(self) -> None:
        now = self.clock()
        while self.ends_ms:
            idlest = next(iter(self.ends_ms))
            if self.ends_ms[idlest] > now:
                return
            self._live(idlest)

    def _life_ms(self) -> int:
        return settings.MESSAGE_LIFE_SECONDS * 1000

    def _enter(self, person: Person) -> tuple[TileEvent, ...]:
        self.tiles.setdefault(person.tile, {})[person.person_id] = person
        return (TileEvent(person.tile, self._count(person.tile), True, person),)

    def _leave(self, tile: Tile, person: Person) -> tuple[TileEvent, ...]:
        if not self.tiles.get(tile, {}).pop(person.person_id, None):
            return ()
        if not self.tiles[tile]:
            del self.tiles[tile]
        return (TileEvent(tile, self._count(tile), False, person),)

    def _count(self, tile: Tile) -> int:
        self.versions[tile] = self.versions.get(tile, 0) + 1
        return self.versions[tile]
