"""Sessions in Redis: a hash each, found by its digest or by its person, which lives 30 minutes."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings

from neartalk.codes import Refused
from neartalk.push import PushSubscription
from neartalk.redis import Store, unknown_when_lost
from presence.geo import Roughness
from presence.registry.contract import idle_ms
from presence.registry.redis_fields import (
    PERSON_FIELDS,
    flat,
    from_fields,
    paired,
    person_session_key,
    push_from,
    scripts_of,
    session_key,
    since_by_id,
    to_fields,
    to_person,
)
from presence.values import Person, Session, person_id_of

# Where a block stands in the session of the other.
OTHER_SIDE = {"blocked": "blocked_by", "blocked_by": "blocked"}
# One side of a block: a person, the field of their session, and whom it names.
BlockSide = tuple[str, str, str]


class RedisSessions:
    def __init__(self, client: Store) -> None:
        self.client = client
        self.scripts = scripts_of(
            *("block", "close", "depart", "door", "note", "push", "read"),
            *("rename", "replace", "restore", "unblock"),
        )

    async def open(
        self,
        digest: str,
        name: str,
        *,
        device: str = "",
        origin: str = "",
        roughness: Roughness = Roughness.BLOCK,
    ) -> Session:
        person = Person(person_id_of(digest), name, roughness=roughness)
        with unknown_when_lost():
            session = Session(
                digest,
                person,
                settings.RENAMES,
                opened_ms=await self.client.now_ms(session_key(digest)),
                device=device,
                origin=origin,
            )
        await self.restore(session, person.version)
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

    async def push_of(self, person_id: str) -> PushSubscription | None:
        with unknown_when_lost():
            kept = await self.client.send("HGET", person_session_key(person_id), "push")
        return push_from(kept)

    async def touch(self, digests: Iterable[str]) -> None:
        with unknown_when_lost():
            await self.client.ask([("PEXPIRE", session_key(one), idle_ms()) for one in digests])

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

    async def standing(self, sides: Sequence[BlockSide]) -> list[bool]:
        """Whether each of these sides of blocks stands by now."""
        with unknown_when_lost():
            asked = [("HGET", person_session_key(whose), field) for whose, field, _ in sides]
            found = await self.client.ask(asked) if asked else []
        named = zip(sides, found, strict=True)
        return [other in since_by_id(text or "") for (_, _, other), text in named]

    async def lacking(self, sides: Sequence[BlockSide]) -> list[BlockSide]:
        """Of sides of blocks those that do not stand, and whose other side does by now; nothing of
        sessions that have ended."""
        fields = [
            (person_session_key(one), of)
            for side in sides
            for one, of, _ in (side, other_side(side))
        ]
        with unknown_when_lost():
            asked = [("HGET", key, field) for key, field in fields]
            found = await self.client.ask(asked) if asked else []
        return [
            (whose, field, other)
            for (whose, field, other), own, theirs in zip(
                sides, found[::2], found[1::2], strict=True
            )
            if own is not None
            and other not in since_by_id(own)
            and whose in since_by_id(theirs or "")
        ]

    async def note(self, digest: str, code: str) -> None:
        with unknown_when_lost():
            await self.run("note", session_key(digest), code)

    async def restore(self, session: Session, version: int) -> bool:
        """Whether the store did not know it, or as it was before this version."""
        fields = flat(to_fields(session))
        with unknown_when_lost():
            arguments = [idle_ms(), version, session.opened_ms, *fields]
            return bool(await self.run("restore", session_key(session.digest), *arguments))

    async def timed(self, digest: str) -> tuple[int, Session]:
        """The store's clock, in milliseconds, and the session. Raises Refused: `session-unknown`.
        Within `unknown_when_lost` of the caller."""
        now_ms, flat_fields = await self.run("read", session_key(digest))
        if not flat_fields:
            raise Refused("session-unknown")
        return now_ms, from_fields(paired(flat_fields))

    async def replace(self, before: Session, after: Session) -> bool:
        """Replaces a session where it still stands as it did. Within `unknown_when_lost` of the
        caller."""
        known, fields = to_fields(before), to_fields(after)
        changed = {name: one for name, one in fields.items() if one != known[name]}
        arguments = before.person.version, idle_ms(), *flat(changed)
        return bool(await self.run("replace", session_key(after.digest), *arguments))

    async def run(self, name: str, key: str, *arguments: Any) -> Any:
        """What a script of a session returns, within `unknown_when_lost` of the caller."""
        return await self.client.run(self.scripts[name], [key], arguments)

    async def _read(self, key: str) -> Session | None:
        fields = paired(await self.client.send("HGETALL", key))
        return from_fields(fields) if fields else None


def other_side(side: BlockSide) -> BlockSide:
    whose, field, other = side
    return other, OTHER_SIDE[field], whose
