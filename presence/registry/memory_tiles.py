"""Who is listed in each tile, in memory: people by id, and how often the tile changed."""

from collections.abc import Iterable, Mapping

from presence.geo import Tile
from presence.registry.contract import TileSnapshot, nobody
from presence.registry.memory_sessions import MemorySessions
from presence.values import Change, Person, TileEvent

# Rounds that reap whoever is shown no more have long seen them.
LONG_AGO_MS = 60_000


class MemoryTiles:
    def __init__(self, sessions: MemorySessions) -> None:
        self.sessions = sessions
        self.listed: dict[Tile, dict[str, Person]] = {}
        # Nobody may look there any more by whom they would be reaped.
        self.lingering: dict[tuple[Tile, str], Person] = {}
        self.versions: dict[Tile, int] = {}

    async def people(self, tiles: Iterable[Tile]) -> Mapping[Tile, TileSnapshot]:
        return {
            tile: TileSnapshot(self.versions.get(tile, 0), dict(self.listed.get(tile, {})))
            for tile in tiles
        }

    def enter(self, person: Person) -> tuple[TileEvent, ...]:
        self.listed.setdefault(person.tile, {})[person.key] = person
        return (TileEvent(person.tile, self._count(person.tile), True, person),)

    def linger(self, person: Person | None) -> tuple[TileEvent, ...]:
        """Lists them where they were, until their time is over."""
        if person is None:
            return ()
        self.lingering.pop((person.tile, person.key), None)
        self.lingering[person.tile, person.key] = person
        return self.enter(person)

    def forget_lingering(self, now_ms: int) -> None:
        """Whose time was over long ago is listed no more, though nobody looks there."""
        for one in [*self.lingering.values()]:
            if one.until_ms > now_ms - LONG_AGO_MS:
                break
            self.leave(one.tile, one)

    def leave(self, tile: Tile, person: Person) -> tuple[TileEvent, ...]:
        if not self.listed.get(tile, {}).pop(person.key, None):
            return ()
        self.lingering.pop((tile, person.key), None)
        if not self.listed[tile]:
            del self.listed[tile]
        return (TileEvent(tile, self._count(tile), False, person),)

    def _count(self, tile: Tile) -> int:
        self.versions[tile] = self.versions.get(tile, 0) + 1
        return self.versions[tile]

    async def reconcile(self, listed: Iterable[Person]) -> list[Change]:
        each = [*listed]
        known = await self.sessions.persons(one.person_id for one in each)
        events = [self._reconcile(one, known.get(one.person_id)) for one in each]
        return [Change(nobody(found[0].person), found) for found in events if found]

    def _reconcile(self, listed: Person, known: Person | None) -> tuple[TileEvent, ...]:
        here = self.listed.get(listed.tile, {}).get(listed.key)
        if here != listed or here == known or listed.lingers:
            return ()
        if known and known.stays_in(listed.tile):
            return self.enter(known)
        return self.leave(listed.tile, listed.changed(version=listed.version + 1))

    async def unlist(self, person: Person, tiles: Iterable[Tile]) -> list[Change]:
        events = [self.leave(tile, person) for tile in tiles if tile != person.tile]
        return [Change(nobody(person), found) for found in events if found]

    async def reap(self, people: Iterable[Person]) -> list[Change]:
        changes = []
        for person in people:
            known = self.listed.get(person.tile, {}).get(person.key)
            if known and known.version == person.version:
                dead = person.changed(version=person.version + 1)
                changes.append(Change(nobody(dead), self.leave(person.tile, dead)))
        return changes
