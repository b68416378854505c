"""Who is here, in Redis: a hash a session, a hash a tile, and a sorted set of leases.

Keys of a tile carry it as hash tag, so that a cluster keeps them together.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from redis.asyncio import Redis

from neartalk.codes import Refused
from neartalk.redis import answer, script, unknown_when_lost
from presence.geo import Tile
from presence.people import Change, Left, Person, Place, Session, TileEvent
from presence.registry import HTTP_ONLY_MS, LEASE_MS, TRAIL_TILES_MAX, Pulse, Tileful

LUA = Path(__file__).parent / "lua"
LEASES = "leases"
# Longer than anybody who reads the tile may be without a change; readers renew it (`pulse`).
TILE_KEEP_MS = 3_600_000


def session_key(digest: str) -> str:
    return f"session:{digest}"


def people_key(tile: Tile) -> str:
    return f"{{{tile}}}:people"


class RedisRegistry:
    def __init__(self, client: Redis) -> None:
        self.client = client
        self.scripts = {path.stem: script(client, path) for path in LUA.glob("*.lua")}

    async def open(self, digest: str, person_id: str, name: str) -> Session:
        session = Session(digest, Person(person_id, name), settings.RENAMES)
        with unknown_when_lost():
            await self.scripts["restore"](
                [session_key(digest)], [idle_ms(), *flat(to_fields(session))]
            )
        return session

    async def get(self, digest: str) -> Session | None:
        key = session_key(digest)
        with unknown_when_lost():
            async with self.client.pipeline(transaction=False) as pipe:
                pipe.hgetall(key).pexpire(key, idle_ms())
                fields, _ = await pipe.execute()
        return from_fields(digest, fields) if fields else None

    async def touch(self, digests: Iterable[str]) -> None:
        with unknown_when_lost():
            async with self.client.pipeline(transaction=False) as pipe:
                for digest in digests:
                    pipe.pexpire(session_key(digest), idle_ms())
                await pipe.execute()

    async def rename(self, digest: str, name: str) -> Change:
        with unknown_when_lost():
            said, flat_fields = await self.scripts["rename"](
                [session_key(digest)], [name, idle_ms()]
            )
        if said == "unknown":
            raise Refused("session-unknown")
        if said == "spent":
            raise Refused("renames-spent")
        session = from_fields(digest, paired(flat_fields))
        return Change(session, await self._publish(session) if said == "changed" else ())

    async def place(self, digest: str, place: Place | None, process: str) -> Change:
        to = place or Place("", 0)
        arguments = [*to, process, idle_ms(), HTTP_ONLY_MS, life_ms(), TRAIL_TILES_MAX]
        with unknown_when_lost():
            found = await self.scripts["place"]([session_key(digest)], arguments)
        if not found:
            raise Refused("session-unknown")
        before, flat_fields = found
        session = from_fields(digest, paired(flat_fields))
        tile = before[:6]
        moved = bool(before) and tile != session.person.tile
        events = await self._publish(session)
        return Change(session, events + (await self._leave(tile, session.person) if moved else ()))

    async def depart(self, digest: str, process: str) -> Change | None:
        with unknown_when_lost():
            flat_fields = await self.scripts["depart"]([session_key(digest)], [process])
        if not flat_fields:
            return None
        session = from_fields(digest, paired(flat_fields))
        return Change(session, await self._leave(session.person.tile, session.person))

    async def close(self, digest: str) -> Change | None:
        key = session_key(digest)
        with unknown_when_lost():
            async with self.client.pipeline(transaction=True) as pipe:
                pipe.hgetall(key).delete(key)
                fields, _ = await pipe.execute()
        if not fields or not fields["cell"]:
            return None
        session = from_fields(digest, fields)
        person = session.person.changed(cell="", version=session.person.version + 1)
        events = await self._leave(session.person.tile, person)
        return Change(replace(session, person=person), events)

    async def note(self, digest: str, code: str) -> None:
        with unknown_when_lost():
            await self.scripts["note"]([session_key(digest)], [code])

    async def restore(self, sessions: Iterable[Session], process: str) -> list[Change]:
        lost = []
        for session in sessions:
            with unknown_when_lost():
                arguments = [idle_ms(), *flat(to_fields(session))]
                if await self.scripts["restore"]([session_key(session.digest)], arguments):
                    lost.append(session)
        return [await self.place(one.digest, one.person.place, process) for one in lost]

    async def people(self, tiles: Iterable[Tile]) -> Mapping[Tile, Tileful]:
        wanted = [*tiles]
        with unknown_when_lost():
            async with self.client.pipeline(transaction=False) as pipe:
                for tile in wanted:
                    pipe.hgetall(people_key(tile))
                found = await pipe.execute()
        return {tile: tileful(fields) for tile, fields in zip(wanted, found, strict=True)}

    async def bury(self, people: Iterable[Person]) -> list[Change]:
        changes = []
        for person in people:
            dead = person.changed(version=person.version + 1)
            changes.append(Change(Session("", dead, 0), await self._leave(person.tile, dead)))
        return changes

    async def renew(self, process: str) -> None:
        with unknown_when_lost():
            now = await self._now_ms()
            async with self.client.pipeline(transaction=False) as pipe:
                pipe.zadd(LEASES, {process: now + LEASE_MS})
                pipe.zremrangebyscore(LEASES, "-inf", now - LEASE_MS)
                await pipe.execute()

    async def release(self, process: str) -> None:
        with unknown_when_lost():
            await answer(self.client.zrem(LEASES, process))

    async def pulse(self, tiles: Iterable[Tile]) -> Pulse:
        wanted = [*tiles]
        with unknown_when_lost():
            async with self.client.pipeline(transaction=False) as pipe:
                pipe.time().info("server").zrange(LEASES, 0, -1, withscores=True)
                for tile in wanted:
                    pipe.hget(people_key(tile), "v").pexpire(people_key(tile), TILE_KEEP_MS)
                (seconds, micros), server, leases, *rest = await pipe.execute()
        now = seconds * 1000 + micros // 1000
        return Pulse(
            now,
            hashlib.sha256(server["run_id"].encode()).hexdigest()[:16],
            frozenset(process for process, end in leases if end > now),
            {tile: int(v or 0) for tile, v in zip(wanted, rest[::2], strict=True)},
        )

    # ---- Steps -------------------------------------------------------------------------------

    async def _now_ms(self) -> int:
        seconds, micros = await answer(self.client.time())
        return int(seconds) * 1000 + int(micros) // 1000

    async def _publish(self, session: Session) -> tuple[TileEvent, ...]:
        """Enters the person in their tile, unless a later act has overtaken this one on its way:
        it has found nothing to take out of this tile yet, so that is done here."""
        person = session.person
        events = await self._enter(person)
        with unknown_when_lost():
            fields = await answer(self.client.hgetall(session_key(session.digest)))
        gone = person.changed(cell="", version=person.version + 1)
        latest = from_fields(session.digest, fields).person if fields else gone
        stays = latest.tile == person.tile and (latest.process or latest.until_ms)
        if not stays:
            events += await self._leave(person.tile, latest)
        return events

    async def _enter(self, person: Person) -> tuple[TileEvent, ...]:
        arguments = [person.person_id, person.version, to_entry(person), TILE_KEEP_MS]
        with unknown_when_lost():
            version = await self.scripts["enter"]([people_key(person.tile)], arguments)
        return (TileEvent(person.tile, version, True, person),) if version else ()

    async def _leave(self, tile: Tile, person: Person) -> tuple[TileEvent, ...]:
        arguments = [person.person_id, person.version]
        with unknown_when_lost():
            version = await self.scripts["leave"]([people_key(tile)], arguments)
        return (TileEvent(tile, version, False, person),) if version else ()


# ---- Shapes in Redis -------------------------------------------------------------------------


def idle_ms() -> int:
    return settings.SESSION_IDLE_SECONDS * 1000


def life_ms() -> int:
    return settings.MESSAGE_LIFE_SECONDS * 1000


def paired(flat_fields: list[str]) -> dict[str, str]:
    """A Lua script hands a hash over as field, value, field, value."""
    each = iter(flat_fields)
    return dict(zip(each, each, strict=True))


def flat(fields: Mapping[str, Any]) -> list[Any]:
    return [part for pair in fields.items() for part in pair]


def to_fields(session: Session) -> dict[str, Any]:
    person = session.person
    return {
        "person_id": person.person_id,
        "name": person.name,
        "cell": person.cell,
        "radius_m": person.radius_m,
        "version": person.version,
        "process": person.process,
        "until_ms": person.until_ms,
        "renames_left": session.renames_left,
        "placed_ms": session.placed_ms,
        "trail": json.dumps(session.trail),
        "note": session.note,
    }


def from_fields(digest: str, fields: Mapping[str, str]) -> Session:
    person = Person(
        fields["person_id"],
        fields["name"],
        fields["cell"],
        int(fields["radius_m"]),
        int(fields["version"]),
        fields["process"],
        int(fields["until_ms"]),
    )
    trail = tuple(Left(tile, int(left_ms)) for tile, left_ms in json.loads(fields["trail"]))
    placed_ms, renames_left = int(fields["placed_ms"]), int(fields["renames_left"])
    return Session(digest, person, renames_left, placed_ms, trail, fields["note"])


def to_entry(person: Person) -> str:
    return json.dumps([person.version, person.name, *person.place, person.process, person.until_ms])


def tileful(fields: Mapping[str, str]) -> Tileful:
    people = {}
    for person_id, entry in fields.items():
        if person_id != "v":
            version, name, *rest = json.loads(entry)
            cell, radius_m, process, until_ms = rest
            people[person_id] = Person(person_id, name, cell, radius_m, version, process, until_ms)
    return Tileful(int(fields.get("v", 0)), people)
