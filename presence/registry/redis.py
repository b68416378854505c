"""Who is here, in Redis: a hash a session, a hash a tile, and a sorted set of leases.

Keys of a tile carry it as hash tag, so that a cluster keeps them together.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings

from neartalk.codes import Refused
from neartalk.redis import Store, named, script, unknown_when_lost
from presence.geo import Tile, tile_of
from presence.registry.contract import (
    BLOCKED_MAX,
    HTTP_ONLY_MS,
    LEASE_MS,
    RECENT_TILES_MAX,
    StoreStatus,
    TileSnapshot,
)
from presence.registry.redis_fields import (
    flat,
    from_fields,
    paired,
    people_key,
    person_session_key,
    session_key,
    snapshot_of,
    to_entry,
    to_fields,
)
from presence.values import Change, Person, Place, Session, TileEvent, person_id_of

LUA = Path(__file__).parent / "lua"
LEASES = "leases"
# `status` renews it for each subscribed tile, and subscribers reap its people. A tile without
# subscribers expires with the last people in it.
TILE_KEEP_MS = 600_000
# So many sessions of a store that was lost are registered at a time.
TOGETHER = 200


class RedisRegistry:
    def __init__(self, client: Store) -> None:
        self.client = client
        self.scripts = {path.stem: script(path) for path in LUA.glob("*.lua")}

    async def open(self, digest: str, name: str, *, device: str = "", origin: str = "") -> Session:
        person = Person(person_id_of(digest), name)
        with unknown_when_lost():
            session = Session(
                digest,
                person,
                settings.RENAMES,
                opened_ms=await self.client.now_ms(session_key(digest)),
                device=device,
                origin=origin,
            )
        await self._restore(session)
        return session

    async def get(self, digest: str) -> Session | None:
        key = session_key(digest)
        with unknown_when_lost():
            renewed = self.client.send("PEXPIRE", key, idle_ms())
            session, _ = await asyncio.gather(self._read(key), renewed)
        return session if session and session.digest == digest else None

    async def find(self, person_id: str) -> Session | None:
        with unknown_when_lost():
            return await self._read(person_session_key(person_id))

    async def touch(self, digests: Iterable[str]) -> None:
        with unknown_when_lost():
            await self.client.ask([("PEXPIRE", session_key(one), idle_ms()) for one in digests])

    async def rename(self, digest: str, name: str) -> Change:
        with unknown_when_lost():
            said, flat_fields = await self._run("rename", session_key(digest), name, idle_ms())
        if said == "unknown":
            raise Refused("session-unknown")
        if said == "spent":
            raise Refused("renames-spent")
        return await self._changed(said, flat_fields)

    async def place(self, digest: str, place: Place | None, process: str) -> Change:
        to = place or Place("", 0)
        arguments = [*to, process, idle_ms(), HTTP_ONLY_MS, life_ms(), RECENT_TILES_MAX]
        with unknown_when_lost():
            found = await self._run("place", session_key(digest), *arguments)
        if not found:
            raise Refused("session-unknown")
        before, flat_fields = found
        session = from_fields(paired(flat_fields))
        tile = tile_of(before)
        moved = bool(before) and tile != session.person.tile
        events = await self._publish(session)
        return Change(session, events + (await self._leave(tile, session.person) if moved else ()))

    async def depart(self, digest: str, process: str) -> Change | None:
        with unknown_when_lost():
            flat_fields = await self._run("depart", session_key(digest), process)
        if not flat_fields:
            return None
        session = from_fields(paired(flat_fields))
        return Change(session, await self._leave(session.person.tile, session.person))

    async def block(self, digest: str, person_id: str) -> list[Change]:
        session = await self.get(digest)
        if session is None:
            raise Refused("session-unknown")
        if person_id not in session.blocked and len(session.blocked) >= BLOCKED_MAX:
            raise Refused("blocks-spent")
        # Theirs first: where the store is lost in between, it is they who do not hear.
        own = session.person.person_id
        theirs = await self._block(person_id, "blocked_by", own, 0)
        return await self._block(own, "blocked", person_id, BLOCKED_MAX) + theirs

    async def close(self, digest: str) -> Change | None:
        with unknown_when_lost():
            fields = paired(await self._run("close", session_key(digest)))
        if not fields or not fields["cell"]:
            return None
        session = from_fields(fields)
        person = session.person.changed(cell="", version=session.person.version + 1)
        events = await self._leave(session.person.tile, person)
        return Change(replace(session, person=person), events)

    async def note(self, digest: str, code: str) -> None:
        with unknown_when_lost():
            await self._run("note", session_key(digest), code)

    async def restore(self, sessions: Iterable[Session], process: str) -> list[Change]:
        changes: list[Change] = []
        left = iter(sessions)
        while some := [*islice(left, TOGETHER)]:
            each = await asyncio.gather(*(self._restored(one, process) for one in some))
            changes += filter(None, each)
        return changes

    async def people(self, tiles: Iterable[Tile]) -> Mapping[Tile, TileSnapshot]:
        wanted = [*tiles]
        with unknown_when_lost():
            found = await self.client.ask([("HGETALL", people_key(tile)) for tile in wanted])
        return {tile: snapshot_of(fields) for tile, fields in zip(wanted, found, strict=True)}

    async def reap(self, people: Iterable[Person]) -> list[Change]:
        changes = []
        for person in people:
            dead = person.changed(version=person.version + 1)
            changes.append(Change(Session("", dead, 0), await self._leave(person.tile, dead)))
        return changes

    async def renew(self, process: str) -> None:
        with unknown_when_lost():
            await self._run("renew", named(LEASES), process, LEASE_MS)

    async def status(self, tiles: Iterable[Tile]) -> StoreStatus:
        wanted = [*tiles]
        renewed = [
            command
            for key in map(people_key, wanted)
            for command in (("HGET", key, "v"), ("PEXPIRE", key, TILE_KEEP_MS))
        ]
        with unknown_when_lost():
            # First: what is read of another life is found to be of one by the next pulse.
            run_ids = await self.client.run_ids()
            now_ms, (leases, *rest) = await self.client.ask_timed(
                [("ZRANGE", named(LEASES), 0, -1, "WITHSCORES"), *renewed]
            )
        return StoreStatus(
            now_ms,
            hashlib.sha256(" ".join(run_ids).encode()).hexdigest()[:16],
            frozenset(process for process, end in paired(leases).items() if float(end) > now_ms),
            {tile: int(v or 0) for tile, v in zip(wanted, rest[::2], strict=True)},
        )

    # ---- Steps -------------------------------------------------------------------------------

    async def _run(self, name: str, key: str, *arguments: Any) -> Any:
        return await self.client.run(self.scripts[name], [key], arguments)

    async def _read(self, key: str) -> Session | None:
        fields = paired(await self.client.send("HGETALL", key))
        return from_fields(fields) if fields else None

    async def _restore(self, session: Session) -> bool:
        """Whether the store did not know it."""
        fields = flat(to_fields(session))
        with unknown_when_lost():
            return bool(await self._run("restore", session_key(session.digest), idle_ms(), *fields))

    async def _restored(self, session: Session, process: str) -> Change | None:
        """Of a cluster the master of their tile may have been lost, and that of the session not."""
        if await self._restore(session):
            return await self.place(session.digest, session.person.place, process)
        known = await self.find(session.person.person_id)
        events = await self._publish(known) if known and known.person.cell else ()
        return Change(known, events) if known and events else None

    async def _changed(self, said: str, flat_fields: list[str]) -> Change:
        """What a script did to a session, published where anybody sees the person."""
        session = from_fields(paired(flat_fields))
        return Change(session, await self._publish(session) if said == "changed" else ())

    async def _block(self, own: str, field: str, other: str, most: int) -> list[Change]:
        """One side of a block; nothing where that session is unknown."""
        with unknown_when_lost():
            said, flat_fields = await self._run(
                "block", person_session_key(own), field, other, most
            )
        if said == "spent":
            raise Refused("blocks-spent")
        return [await self._changed(said, flat_fields)] if said != "unknown" else []

    async def _publish(self, session: Session) -> tuple[TileEvent, ...]:
        """Enters the person in their tile, unless a later act has overtaken this one on its way:
        it has found nothing to take out of this tile yet, so that is done here."""
        person = session.person
        events = await self._enter(person)
        with unknown_when_lost():
            found = await self._read(session_key(session.digest))
        gone = person.changed(cell="", version=person.version + 1)
        latest = found.person if found else gone
        stays = latest.tile == person.tile and (latest.process or latest.until_ms)
        if not stays:
            events += await self._leave(person.tile, latest)
        return events

    async def _enter(self, person: Person) -> tuple[TileEvent, ...]:
        arguments = [person.person_id, person.version, to_entry(person), TILE_KEEP_MS]
        with unknown_when_lost():
            version = await self._run("enter", people_key(person.tile), *arguments)
        return (TileEvent(person.tile, version, True, person),) if version else ()

    async def _leave(self, tile: Tile, person: Person) -> tuple[TileEvent, ...]:
        with unknown_when_lost():
            version = await self._run("leave", people_key(tile), person.person_id, person.version)
        return (TileEvent(tile, version, False, person),) if version else ()


def idle_ms() -> int:
    return settings.SESSION_IDLE_SECONDS * 1000


def life_ms() -> int:
    return settings.MESSAGE_LIFE_SECONDS * 1000
