"""Who is here, in Redis: a hash a session, a hash a tile, and a sorted set of leases.

Keys of a tile carry it as hash tag, so that a cluster keeps them together. An act on a session is
one script; then its tiles are brought in line.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice

from neartalk.codes import Refused
from neartalk.push import PushSubscription
from neartalk.redis import Store, unknown_when_lost
from presence.door_holder import door_of
from presence.place_clock import Draw, by_chance
from presence.registry.contract import BLOCKED_MAX, closed, idle_ms, nobody
from presence.registry.placing import after_telling, in_effect, lingering, placed_at
from presence.registry.redis_fields import (
    from_fields,
    paired,
    person_session_key,
    session_key,
    to_push,
)
from presence.registry.redis_holders import RedisHolders
from presence.registry.redis_leases import RedisLeases
from presence.registry.redis_sessions import BlockSide, RedisSessions, other_side
from presence.registry.redis_tiles import RedisTiles
from presence.values import Change, Place, Session, Timing, person_id_of

# So many sessions of a store that was lost are registered at a time.
TOGETHER = 200
# A step on a session is begun so often, when others were quicker.
TRIES = 20

# The place in effect and its timing after a step, by the store's clock.
Step = Callable[[Session, int], tuple[Place, Timing]]


class RedisRegistry:
    def __init__(self, client: Store, draw: Draw = by_chance) -> None:
        """`draw` says when told places take effect."""
        self.draw = draw
        self.sessions = RedisSessions(client)
        self.tiles = RedisTiles(client, self.sessions)
        self.holders = RedisHolders(client)
        self.leases = RedisLeases(client)
        # What takes one of them alone.
        self.open, self.get, self.find = self.sessions.open, self.sessions.get, self.sessions.find
        self.touch, self.note = self.sessions.touch, self.sessions.note
        self.persons = self.sessions.persons
        self.push_of = self.sessions.push_of
        self.people, self.reap = self.tiles.people, self.tiles.reap
        self.reconcile, self.unlist = self.tiles.reconcile, self.tiles.unlist
        self.held, self.hold = self.holders.held, self.holders.hold
        self.renew, self.status = self.leases.renew, self.leases.status

    async def rename(self, digest: str, name: str) -> Change:
        with unknown_when_lost():
            said, flat_fields = await self.sessions.run(
                "rename", session_key(digest), name, idle_ms()
            )
        if said == "unknown":
            raise Refused("session-unknown")
        if said == "spent":
            raise Refused("renames-spent")
        return await self._changed(said, flat_fields)

    async def place(
        self,
        digest: str,
        place: Place | None,
        process: str,
        *,
        was: str | None = None,
        told_ms: int = 0,
    ) -> Change:
        def step(session: Session, now_ms: int) -> tuple[Place, Timing]:
            return in_effect(session, place, now_ms)

        return await self._place(digest, step, process, was, told_ms)

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
        def step(session: Session, now_ms: int) -> tuple[Place, Timing]:
            return after_telling(session, asked, now_ms, self.draw, far_holds_ms)

        return await self._place(digest, step, process, was, told_ms)

    async def _place(
        self, digest: str, step: Step, process: str, was: str | None, told_ms: int
    ) -> Change:
        with unknown_when_lost():
            # First, so that nobody is held who is not in the set.
            holding = self.holders.hold_soon(process, person_id_of(digest))
            try:
                before, after, now_ms = await self._step(digest, step, process, was)
            except Refused:
                await holding
                if process:
                    await self.holders.release(process, person_id_of(digest))
                raise
            await holding
            if before.person.process != process == after.person.process:
                # Who had been let go of may have been taken out of the set in between.
                await self.holders.hold_soon(process, person_id_of(digest))
        events = await self.tiles.linger(lingering(before, now_ms, after.person.place, told_ms))
        events += await self.tiles.publish(after)
        if before.person.cell and before.person.tile != after.person.tile:
            events += await self.tiles.leave(before.person.tile, after.person)
        return Change(after, events)

    async def _step(
        self, digest: str, step: Step, process: str, was: str | None
    ) -> tuple[Session, Session, int]:
        """Takes a session a step further, once more while others are quicker: how it was, how it
        is, and the store's clock. Raises Refused: `session-unknown`, `store-unavailable`."""
        for _ in range(TRIES):
            now_ms, before = await self.sessions.timed(digest)
            held_by = before.person.process
            holder = process if was in {None, held_by} else held_by
            after = placed_at(before, *step(before, now_ms), holder, now_ms)
            if await self.sessions.replace(before, after):
                return before, after, now_ms
        raise Refused("store-unavailable", retry_after=2)

    async def depart(self, digest: str, process: str, *, told_ms: int = 0) -> Change | None:
        return await self._depart(person_id_of(digest), process, told_ms)

    async def release(self, person_id: str, process: str) -> Change | None:
        return await self._depart(person_id, process, 0)

    async def _depart(self, person_id: str, process: str, told_ms: int) -> Change | None:
        with unknown_when_lost():
            key = person_session_key(person_id)
            found = await self.sessions.run("depart", key, process, idle_ms())
        if found and (away := from_fields(paired(found[1]))).person.is_away:
            change: Change | None = Change(away, await self.tiles.publish(away))
        elif found:
            now_ms, flat_fields = found
            session = from_fields(paired(flat_fields))
            held = replace(session, person=session.person.changed(process=process))
            events = await self.tiles.linger(lingering(held, now_ms, None, told_ms))
            events += await self.tiles.leave(session.person.tile, session.person)
            change = Change(session, events)
        else:
            change = await self.tiles.leave_again(person_id)
        # Last, so that whoever was not let go of is still held.
        await self.holders.release(process, person_id)
        # Whoever was placed under it again meanwhile is in the set again.
        known = (await self.sessions.persons([person_id])).get(person_id)
        if known and process and known.process == process:
            await self.hold([person_id], process)
        return change

    async def block(self, digest: str, person_id: str, *, told_ms: int = 0) -> list[Change]:
        with unknown_when_lost():
            now_ms, session = await self.sessions.timed(digest)
        if person_id not in session.blocked and len(session.blocked) >= BLOCKED_MAX:
            raise Refused("blocks-spent")
        # Theirs first: where the store is lost in between, it is they who do not hear.
        own = session.person.person_id
        lingers = []
        if person_id not in session.blocked:
            events = await self.tiles.linger(lingering(session, now_ms, None, told_ms))
            lingers = [Change(nobody(session.person), events)] if events else []
        theirs = await self._block(person_id, "blocked_by", own, 0)
        ours = await self._block(own, "blocked", person_id, BLOCKED_MAX)
        return [*lingers, *ours, *theirs]

    async def unblock(self, digest: str, person_id: str) -> list[Change]:
        with unknown_when_lost():
            _, session = await self.sessions.timed(digest)
        if person_id not in session.blocked or not await self.find(person_id):
            raise Refused("not-found")
        # Ours last: where the store is lost in between, it can be asked for once more.
        own = session.person.person_id
        side: BlockSide = (person_id, "blocked_by", own)
        theirs = await self._unblock(*side)
        ours = await self._unblock(*other_side(side))
        # Whoever saw ours alone meanwhile has completed the block.
        if await self.sessions.standing([side]) == [True]:
            theirs += await self._unblock(*side)
        return [*ours, *theirs]

    async def _unblock(self, own: str, field: str, other: str) -> list[Change]:
        """One side of a block; nothing where that session is unknown."""
        with unknown_when_lost():
            key = person_session_key(own)
            said, flat_fields = await self.sessions.run("unblock", key, field, other)
        return [await self._changed(said, flat_fields)] if said != "unknown" else []

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
        lacking = await self.sessions.lacking(sides)
        changes: list[Change] = []
        for side in lacking:
            changes += await self._block(*side, 0)
        # A block that was taken back since it was read is not brought back.
        standing = await self.sessions.standing([*map(other_side, lacking)])
        for side, stands in zip(lacking, standing, strict=True):
            changes += [] if stands else await self._unblock(*side)
        return changes

    async def _block(self, own: str, field: str, other: str, most: int) -> list[Change]:
        """One side of a block; nothing where that session is unknown."""
        key = person_session_key(own)
        with unknown_when_lost():
            said, flat_fields = await self.sessions.run("block", key, field, other, most)
        if said == "spent":
            raise Refused("blocks-spent")
        return [await self._changed(said, flat_fields)] if said != "unknown" else []

    async def set_door(self, person_id: str, process: str, *, is_open: bool) -> Change | None:
        key, door = person_session_key(person_id), door_of(process)
        with unknown_when_lost():
            said, flat_fields = await self.sessions.run("door", key, door, int(is_open))
        return await self._changed(said, flat_fields) if flat_fields else None

    async def set_push(
        self, digest: str, push: PushSubscription | None, *, endpoint: str = ""
    ) -> Change | None:
        kept = to_push(push) if push else ""
        with unknown_when_lost():
            said, flat_fields, *was = await self.sessions.run(
                "push", session_key(digest), kept, endpoint
            )
        if said == "unknown" and push:
            raise Refused("session-unknown")
        if said == "left":
            return await self._left(from_fields(paired(flat_fields)), *was)
        return await self._changed(said, flat_fields) if flat_fields else None

    async def _left(self, session: Session, now_ms: int, until_ms: str) -> Change:
        """Whoever was away until then leaves at once, and lingers if they have just come."""
        was = replace(session, person=session.person.changed(until_ms=int(until_ms)))
        events = await self.tiles.linger(lingering(was, now_ms))
        events += await self.tiles.leave(session.person.tile, session.person)
        return Change(session, events)

    async def _changed(self, said: str, flat_fields: list[str]) -> Change:
        """What a script did to a session, published where anybody sees the person."""
        session = from_fields(paired(flat_fields))
        return Change(session, await self.tiles.publish(session) if said == "changed" else ())

    async def close(self, digest: str, *, told_ms: int = 0, at_once: bool = False) -> Change | None:
        with unknown_when_lost():
            now_ms, flat_fields = await self.sessions.run("close", session_key(digest))
        fields = paired(flat_fields)
        if not fields or not fields["cell"]:
            return None
        session = from_fields(fields)
        person = session.person.changed(cell="", version=session.person.version + 1)
        person_lingers = lingering(session, now_ms, None, told_ms)
        events = () if at_once else await self.tiles.linger(person_lingers)
        events += await self.tiles.leave(session.person.tile, person)
        if session.person.process:
            await self.holders.release(session.person.process, person.person_id)
        return Change(replace(session, person=person), events)

    async def restore(self, sessions: Iterable[Session], process: str) -> list[Change]:
        changes: list[Change] = []
        left = iter(sessions)
        while some := [*islice(left, TOGETHER)]:
            each = await asyncio.gather(*(self._restored(one, process) for one in some))
            changes += filter(None, each)
        return changes

    async def _restored(self, session: Session, process: str) -> Change | None:
        """Of a cluster the master of their tile may have been lost, and that of the session not:
        whoever holds them publishes them."""
        before = session.person
        held = before.changed(process=process, until_ms=0, version=before.version + 1)
        lost = closed(replace(session, person=held))
        known: Session | None = lost
        await self.hold([before.person_id], process)
        if not await self.sessions.restore(lost, before.version):
            known = await self.find(before.person_id)
        if known is None or not known.person.cell or known.person.process != process:
            return None
        events = await self.tiles.publish(known)
        return Change(known, events) if events else None
