"""Who is listed in each tile, in Redis: a hash a tile, in which an older version yields to a newer.

A tile and a session may stand on nodes of their own: what is listed is compared with the session.
"""

import asyncio
from collections.abc import Iterable, Mapping

from neartalk.redis import Store, unknown_when_lost
from presence.geo import Tile
from presence.registry.contract import TileSnapshot, nobody
from presence.registry.redis_fields import (
    people_key,
    scripts_of,
    snapshot_of,
    tile_keep_ms,
    to_entry,
)
from presence.registry.redis_sessions import RedisSessions
from presence.values import Change, Person, Session, TileEvent


class RedisTiles:
    def __init__(self, client: Store, sessions: RedisSessions) -> None:
        self.client = client
        self.sessions = sessions
        self.scripts = scripts_of("enter", "leave")

    async def people(self, tiles: Iterable[Tile]) -> Mapping[Tile, TileSnapshot]:
        wanted = [*tiles]
        with unknown_when_lost():
            found = await self.client.ask([("HGETALL", people_key(tile)) for tile in wanted])
        return {tile: snapshot_of(fields) for tile, fields in zip(wanted, found, strict=True)}

    async def publish(self, session: Session) -> tuple[TileEvent, ...]:
        """Enters the person in their tile, unless a later act has overtaken this one on its way:
        it has found nothing to take out of this tile yet, so that is done here."""
        person = session.person
        events = await self.enter(person)
        found = await self.sessions.find(person.person_id)
        gone = person.changed(cell="", version=person.version + 1)
        latest = found.person if found else gone
        stays = latest.tile == person.tile and (latest.process or latest.until_ms)
        if not stays:
            events += await self.leave(person.tile, latest)
        return events

    async def linger(self, person: Person | None) -> tuple[TileEvent, ...]:
        """Lists them where they were, until their time is over."""
        return await self.enter(person) if person else ()

    async def enter(self, person: Person) -> tuple[TileEvent, ...]:
        arguments = [person.key, person.version, to_entry(person), tile_keep_ms()]
        with unknown_when_lost():
            key = people_key(person.tile)
            version = await self.client.run(self.scripts["enter"], [key], arguments)
        return (TileEvent(person.tile, version, True, person),) if version else ()

    async def leave(self, tile: Tile, person: Person) -> tuple[TileEvent, ...]:
        arguments = [person.key, person.version]
        with unknown_when_lost():
            version = await self.client.run(self.scripts["leave"], [people_key(tile)], arguments)
        return (TileEvent(tile, version, False, person),) if version else ()

    async def leave_again(self, person_id: str) -> Change | None:
        """Of a departure whose answer was lost the second half may be missing."""
        known = (await self.sessions.persons([person_id])).get(person_id)
        if known is None or not known.cell or known.stays_in(known.tile):
            return None
        events = await self.leave(known.tile, known)
        return Change(nobody(known), events) if events else None

    async def reconcile(self, listed: Iterable[Person]) -> list[Change]:
        each = [*listed]
        known = await self.sessions.persons(one.person_id for one in each)
        wrong = [one for one in each if one != known.get(one.person_id) and not one.lingers]
        events = await asyncio.gather(
            *(self._reconcile(one, known.get(one.person_id)) for one in wrong)
        )
        return [Change(nobody(found[0].person), found) for found in events if found]

    async def _reconcile(self, listed: Person, known: Person | None) -> tuple[TileEvent, ...]:
        stays = known if known and known.stays_in(listed.tile) else None
        if stays and stays.version > listed.version:
            # In one step: nobody is told that they left.
            return await self.enter(stays)
        left = await self.leave(listed.tile, listed.changed(version=listed.version + 1))
        return left + (await self.enter(stays) if stays else ())

    async def unlist(self, person: Person, tiles: Iterable[Tile]) -> list[Change]:
        events = [await self.leave(tile, person) for tile in tiles if tile != person.tile]
        return [Change(nobody(person), found) for found in events if found]

    async def reap(self, people: Iterable[Person]) -> list[Change]:
        changes = []
        for person in people:
            dead = person.changed(version=person.version + 1)
            changes.append(Change(nobody(dead), await self.leave(person.tile, dead)))
        return changes
