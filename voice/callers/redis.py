"""Who is in voice, in Redis: a string a caller, its version first, and a set a district.

The callers are one graph, whose steps span any of them: all keys carry one hash tag, so that a
cluster keeps them together.
"""

import asyncio
import json
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from neartalk.codes import Refused
from neartalk.redis import Store, script, unknown_when_lost
from voice.callers.contract import KEEP_MS, Act, Caller, District
from voice.callers.wire import from_fields, to_fields

CHANGE = Path(__file__).parent / "lua" / "change.lua"
TRIES = 20
AGAIN_MS = 5
TOGETHER = 200


def caller_key(person_id: str) -> str:
    return f"{{voice}}:caller:{person_id}"


def district_key(district: District) -> str:
    return f"{{voice}}:district:{district}"


class Waiting(NamedTuple):
    """An act that is not done yet, and who waits for it."""

    ids: Collection[str]
    act: Act
    done: asyncio.Future[None]


class RedisCallers:
    """Acts of one process that come together are done together: one after the other they would
    only be in each other's way."""

    def __init__(self, client: Store) -> None:
        self.client = client
        self.script = script(CHANGE)
        self.waiting: list[Waiting] = []
        self.working: asyncio.Task[None] | None = None

    async def change(self, ids: Collection[str], act: Act) -> None:
        done = asyncio.get_running_loop().create_future()
        self.waiting.append(Waiting(ids, act, done))
        if self.working is None:
            self.working = asyncio.create_task(self._work())
        await done

    async def _work(self) -> None:
        try:
            while self.waiting:
                each, self.waiting = self.waiting[:TOGETHER], self.waiting[TOGETHER:]
                try:
                    refused = await self._change(each)
                except Refused as lost:
                    refused = [Refused(lost.code, retry_after=lost.retry_after) for _ in each]
                except Exception as fault:
                    refused = [fault for _ in each]
                for one, why in zip(each, refused, strict=True):
                    settle(one.done, why)
        finally:
            self.working = None

    async def _change(self, each: Collection[Waiting]) -> Sequence[Exception | None]:
        """Why each was refused, if it was."""
        for turn in range(TRIES):
            before = await self._with_tied({id for one in each for id in one.ids})
            after = {id: caller for id, caller in before.items() if caller}
            refused = [done_to(after, one) for one in each]
            changed = {id: one for id, one in after.items() if before.get(id) != one}
            if not changed or await self._write(before, changed):
                return refused
            await asyncio.sleep(secrets.randbelow(AGAIN_MS * turn + 1) / 1000)
        raise Refused("store-unavailable", retry_after=2)

    async def _with_tied(self, ids: Collection[str]) -> dict[str, Caller | None]:
        """These people and all whom they are tied to; None for whoever is not known."""
        before = await self._read(ids)
        tied = {other for caller in before.values() if caller for other in caller.ties}
        return before | await self._read(tied - {*ids})

    async def _write(
        self, before: Mapping[str, Caller | None], changed: Mapping[str, Caller]
    ) -> bool:
        """Whether nobody was quicker."""
        read = {id: before.get(id) for id in {**before, **changed}}
        moves = [*districts_changed(before, changed.values())]
        keys = [*map(caller_key, read), *(district_key(district) for district, _, _ in moves)]
        arguments: list[str | int] = [len(read), KEEP_MS]
        for person_id, caller in read.items():
            entry = dumped(changed[person_id]) if person_id in changed else ""
            arguments += [caller.version if caller else "", entry]
        for _, person_id, way in moves:
            arguments += [person_id, way]
        with unknown_when_lost():
            return bool(await self.client.run(self.script, keys, arguments))

    async def _read(self, ids: Collection[str]) -> dict[str, Caller | None]:
        if not ids:
            return {}
        with unknown_when_lost():
            found = await self.client.send("MGET", *map(caller_key, ids))
        return {id: loaded(entry) if entry else None for id, entry in zip(ids, found, strict=True)}

    async def read(self, ids: Collection[str]) -> Mapping[str, Caller]:
        return {id: caller for id, caller in (await self._read(ids)).items() if caller}

    async def within(self, districts: Iterable[District]) -> list[Caller]:
        keys = [district_key(district) for district in districts]
        with unknown_when_lost():
            found = await self.client.ask([("SMEMBERS", key) for key in keys])
        listed = dict(zip(keys, found, strict=True))
        callers = await self.read({person_id for ids in listed.values() for person_id in ids})
        await self._unlist({key: ids - callers.keys() for key, ids in listed.items()})
        return [one for one in callers.values() if one.joined]

    async def _unlist(self, spare: Mapping[str, Collection[str]]) -> None:
        """Takes out who expired without a word. Whoever came back just then is listed again with
        their next change."""
        with unknown_when_lost():
            await self.client.ask([("SREM", key, *ids) for key, ids in spare.items() if ids])

    async def touch(self, callers: Iterable[Caller]) -> None:
        keys = [
            key
            for one in callers
            for key in (caller_key(one.person_id), district_key(one.district))
        ]
        with unknown_when_lost():
            await self.client.ask([("PEXPIRE", key, KEEP_MS) for key in keys])


def done_to(callers: dict[str, Caller], one: Waiting) -> Exception | None:
    """Does an act to those whom it is about; what it raises leaves everything as it was."""
    tied = {other for id in one.ids if id in callers for other in callers[id].ties}
    found = {id: callers[id] for id in {*one.ids, *tied} if id in callers}
    try:
        one.act(found)
    except Exception as why:
        return why
    callers.update(found)
    return None


def settle(done: asyncio.Future[None], why: Exception | None) -> None:
    """Unless nobody waits any more."""
    if done.done():
        return
    if why:
        done.set_exception(why)
    else:
        done.set_result(None)


def districts_changed(
    before: Mapping[str, Caller | None], changed: Iterable[Caller]
) -> Iterator[tuple[District, str, str]]:
    """Whom each district gains (`in`) or loses (`out`)."""
    for caller in changed:
        known = before.get(caller.person_id)
        if known and known.joined and (not caller.joined or known.district != caller.district):
            yield known.district, caller.person_id, "out"
        if caller.joined:
            yield caller.district, caller.person_id, "in"


def dumped(caller: Caller) -> str:
    return f"{caller.version}:{json.dumps(to_fields(caller))}"


def loaded(entry: str) -> Caller:
    return from_fields(json.loads(entry.partition(":")[2]))
