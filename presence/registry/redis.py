"""Who is here, in Redis: a hash a session, a hash a tile, and a sorted set of leases.

Keys of a tile carry it as hash tag, so that a cluster keeps them together.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings

from neartalk.clock import lasts
from neartalk.codes import Refused
from neartalk.redis import Store, named, script, unknown_when_lost
from presence.geo import Tile, tile_of
from presence.registry.contract import (
    BLOCKED_MAX,
    LEASE_MS,
    RECENT_TILES_MAX,
    SET_BACK_MS,
    StoreStatus,
    TileSnapshot,
    nobody,
)
from presence.registry.epoch import Epoch
from presence.registry.redis_fields import (
    PERSON_FIELDS,
    flat,
    from_fields,
    held_key,
    paired,
    people_key,
    person_session_key,
    session_key,
    since_by_id,
    snapshot_of,
    to_entry,
    to_fields,
    to_person,
)
from presence.values import HTTP_ONLY_MS, Change, Person, Place, Session, TileEvent, person_id_of

LUA = Path(__file__).parent / "lua"
LEASES = "leases"
# Beside the processes: the latest time of the store's clock, and how often it was set back.
CLOCK, TURNS = ":clock", ":turns"
# `status` renews it for each subscribed tile, and subscribers reap its people. A tile without
# subscribers expires with the last people in it.
TILE_KEEP_MS = 600_000
# So many sessions of a store that was lost are registered at a time.
TOGETHER = 200


class RedisRegistry:
    def __init__(self, client: Store) -> None:
        self.client = client
        self.epoch = Epoch(client)
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
        await self._restore(session, person.version)
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

    async def place(
        self, digest: str, place: Place | None, process: str, *, was: str | None = None
    ) -> Change:
        to = place or Place("", 0)
        times = idle_ms(), HTTP_ONLY_MS, life_ms()
        arguments = [*to, process, *times, RECENT_TILES_MAX, "-" if was is None else was]
        with unknown_when_lost():
            # First, so that nobody is held who is not in the set.
            holding = self._hold(process, person_id_of(digest))
            found = await self._run("place", session_key(digest), *arguments)
            await holding
            if not found and process:
                await self.client.send("ZREM", held_key(process), person_id_of(digest))
        if not found:
            raise Refused("session-unknown")
        before, flat_fields = found
        session = from_fields(paired(flat_fields))
        tile = tile_of(before)
        moved = bool(before) and tile != session.person.tile
        events = await self._publish(session)
        return Change(session, events + (await self._leave(tile, session.person) if moved else ()))

    async def depart(self, digest: str, process: str) -> Change | None:
        return await self.release(person_id_of(digest), process)

    async def release(self, person_id: str, process: str) -> Change | None:
        with unknown_when_lost():
            flat_fields = await self._run("depart", person_session_key(person_id), process)
        change = None
        if flat_fields:
            session = from_fields(paired(flat_fields))
            change = Change(session, await self._leave(session.person.tile, session.person))
        else:
            change = await self._leave_again(person_id)
        with unknown_when_lost():
            # Last, so that whoever was not let go of is still held.
            await self.client.send("ZREM", held_key(process), person_id)
        return change

    async def _leave_again(self, person_id: str) -> Change | None:
        """Of a departure whose answer was lost the second half may be missing."""
        known = (await self.persons([person_id])).get(person_id)
        if known is None or not known.cell or known.stays_in(known.tile):
            return None
        events = await self._leave(known.tile, known)
        return Change(nobody(known), events) if events else None

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

    async def complete_blocks(self, sessions: Iterable[Session]) -> list[Change]:
        sides = [
            (other, field, session.person.person_id)
            for session in sessions
            for field, others in (
                ("blocked_by", session.blocked),
                ("blocked", session.blocked_by),
            )
            for other in others
        ]
        with unknown_when_lost():
            asked = [("HGET", person_session_key(other), field) for other, field, _ in sides]
            found = await self.client.ask(asked) if asked else []
        changes: list[Change] = []
        for side, known in zip(sides, found, strict=True):
            # None: that session has ended.
            if known is not None and side[2] not in since_by_id(known):
                changes += await self._block(*side, 0)
        return changes

    async def close(self, digest: str) -> Change | None:
        with unknown_when_lost():
            fields = paired(await self._run("close", session_key(digest)))
        if not fields or not fields["cell"]:
            return None
        session = from_fields(fields)
        person = session.person.changed(cell="", version=session.person.version + 1)
        events = await self._leave(session.person.tile, person)
        if session.person.process:
            with unknown_when_lost():
                key = held_key(session.person.process)
                await self.client.send("ZREM", key, person.person_id)
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

    async def held(self, process: str) -> frozenset[str]:
        key = held_key(process)
        with unknown_when_lost():
            found, _ = await self.client.ask(
                [("ZRANGE", key, 0, -1), ("PEXPIRE", key, TILE_KEEP_MS)]
            )
        return frozenset(found)

    async def hold(self, person_ids: Collection[str], process: str) -> None:
        if person_ids:
            key = held_key(process)
            members = [part for person_id in person_ids for part in (0, person_id)]
            with unknown_when_lost():
                await self.client.ask([("ZADD", key, *members), ("PEXPIRE", key, TILE_KEEP_MS)])

    async def persons(self, person_ids: Iterable[str]) -> Mapping[str, Person]:
        keys = [person_session_key(person_id) for person_id in person_ids]
        with unknown_when_lost():
            found = await self.client.ask([("HMGET", key, *PERSON_FIELDS) for key in keys])
        people = [
            to_person(dict(zip(PERSON_FIELDS, values, strict=True)))
            for values in found
            if values[0]
        ]
        return {one.person_id: one for one in people}

    async def reconcile(self, listed: Iterable[Person]) -> list[Change]:
        each = [*listed]
        known = await self.persons(one.person_id for one in each)
        wrong = [one for one in each if one != known.get(one.person_id)]
        events = await asyncio.gather(
            *(self._reconcile(one, known.get(one.person_id)) for one in wrong)
        )
        return [Change(nobody(found[0].person), found) for found in events if found]

    async def _reconcile(self, listed: Person, known: Person | None) -> tuple[TileEvent, ...]:
        stays = known if known and known.stays_in(listed.tile) else None
        if stays and stays.version > listed.version:
            # In one step: nobody is told that they left.
            return await self._enter(stays)
        left = await self._leave(listed.tile, listed.changed(version=listed.version + 1))
        return left + (await self._enter(stays) if stays else ())

    async def unlist(self, person: Person, tiles: Iterable[Tile]) -> list[Change]:
        events = [await self._leave(tile, person) for tile in tiles if tile != person.tile]
        return [Change(nobody(person), found) for found in events if found]

    async def people(self, tiles: Iterable[Tile]) -> Mapping[Tile, TileSnapshot]:
        wanted = [*tiles]
        with unknown_when_lost():
            found = await self.client.ask([("HGETALL", people_key(tile)) for tile in wanted])
        return {tile: snapshot_of(fields) for tile, fields in zip(wanted, found, strict=True)}

    async def reap(self, people: Iterable[Person]) -> list[Change]:
        changes = []
        for person in people:
            dead = person.changed(version=person.version + 1)
            changes.append(Change(nobody(dead), await self._leave(person.tile, dead)))
        return changes

    async def renew(self, process: str) -> None:
        with unknown_when_lost():
            # First, or a lease of an earlier time were written.
            await self.client.share_clock()
            await self._run("renew", named(LEASES), process, LEASE_MS, SET_BACK_MS)

    async def status(self, tiles: Iterable[Tile]) -> StoreStatus:
        wanted = [*tiles]
        renewed = [
            command
            for key in map(people_key, wanted)
            for command in (("HGET", key, "v"), ("PEXPIRE", key, TILE_KEEP_MS))
        ]
        # First: what is read of another life is found to be of one by the next pulse.
        epoch = await self.epoch.read()
        with unknown_when_lost():
            now_ms, (leases, *rest) = await self.client.ask_timed(
                [("ZRANGE", named(LEASES), 0, -1, "WITHSCORES"), *renewed]
            )
        ends = {process: int(float(end)) for process, end in paired(leases).items()}
        turns = ends.pop(TURNS, 0)
        ends.pop(CLOCK, None)
        return StoreStatus(
            now_ms,
            f"{epoch}{turns:x}" if turns else epoch,
            frozenset(process for process, end in ends.items() if lasts(end, now_ms, LEASE_MS)),
            {tile: int(v or 0) for tile, v in zip(wanted, rest[::2], strict=True)},
        )

    # ---- Steps -------------------------------------------------------------------------------

    def _hold(self, process: str, person_id: str) -> asyncio.Future[Any]:
        """Enters a person among those whom a process holds; it is sent at once."""
        if not process:
            nothing = asyncio.get_running_loop().create_future()
            nothing.set_result(None)
            return nothing
        key = held_key(process)
        holding = asyncio.gather(
            self.client.send("ZADD", key, 0, person_id),
            # That of a process which is killed ends.
            self.client.send("PEXPIRE", key, TILE_KEEP_MS),
        )
        # Nobody waits for it where the placing failed.
        holding.add_done_callback(lambda answer: answer.cancelled() or answer.exception())
        return holding

    async def _run(self, name: str, key: str, *arguments: Any) -> Any:
        return await self.client.run(self.scripts[name], [key], arguments)

    async def _read(self, key: str) -> Session | None:
        fields = paired(await self.client.send("HGETALL", key))
        return from_fields(fields) if fields else None

    async def _restore(self, session: Session, version: int) -> bool:
        """Whether the store did not know it, or as it was before this version."""
        fields = flat(to_fields(session))
        with unknown_when_lost():
            arguments = [idle_ms(), version, session.opened_ms, *fields]
            return bool(await self._run("restore", session_key(session.digest), *arguments))

    async def _restored(self, session: Session, process: str) -> Change | None:
        """Of a cluster the master of their tile may have been lost, and that of the session not:
        whoever holds them publishes them."""
        before = session.person
        held = before.changed(process=process, until_ms=0, version=before.version + 1)
        known: Session | None = replace(session, person=held)
        await self.hold([before.person_id], process)
        if not await self._restore(replace(session, person=held), before.version):
            known = await self.find(before.person_id)
        if known is None or not known.person.cell or known.person.process != process:
            return None
        events = await self._publish(known)
        return Change(known, events) if events else None

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
