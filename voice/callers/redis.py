"""Who is in voice, in Redis: a string a caller, its version first, and a set a district.

The callers are one graph, and a transaction may span any of them. So all keys carry one hash tag,
which keeps them together in a cluster.
"""

import json
import secrets
from asyncio import sleep
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from neartalk.codes import Refused
from neartalk.redis import Store, named, script, unknown_when_lost
from voice.callers.batch import Batch, Outcome, Request
from voice.callers.contract import KEEP_MS, Caller, D, Decide, Decision, District
from voice.callers.wire import from_fields, to_fields

CHANGE = Path(__file__).parent / "lua" / "change.lua"
TRIES = 20
RETRY_MS = 5


def caller_key(person_id: str) -> str:
    return named(f"{{voice}}:caller:{person_id}")


def district_key(district: District) -> str:
    return named(f"{{voice}}:district:{district}")


class RedisCallers:
    """The Redis store. Transactions of one process that come together are written together: one by
    one each would make the next be repeated."""

    def __init__(self, client: Store) -> None:
        self.client = client
        self.script = script(CHANGE)
        self.batch = Batch(self._change)

    async def change(
        self, ids: Collection[str], decide: Decide[D], beside: Collection[str] = ()
    ) -> D:
        return cast(D, await self.batch.run(ids, decide, beside))

    async def _change(self, requests: Sequence[Request]) -> Sequence[Outcome]:
        """What became of each request. Raises Refused: `store-unavailable`, for all of them."""
        ids = {id for one in requests for id in one.ids}
        beside = {id for one in requests for id in one.beside}
        for turn in range(TRIES):
            before = await self._with_tied(ids, beside)
            after = {id: caller for id, caller in before.items() if caller}
            outcomes = [decided(after, one) for one in requests]
            changed = {id: one for id, one in after.items() if before.get(id) != one}
            checked = {*ids, *tied_to(before, ids), *changed}
            read = {id: before.get(id) for id in checked}
            if not changed or await self._write(read, changed):
                return outcomes
            await sleep(secrets.randbelow(RETRY_MS * turn + 1) / 1000)
        raise Refused("store-unavailable", retry_after=2)

    async def _with_tied(
        self, ids: Collection[str], beside: Collection[str]
    ) -> dict[str, Caller | None]:
        """These people and all whom they are tied to, and those beside; None for whoever is not
        known."""
        before = await self._read({*ids, *beside})
        return before | await self._read(tied_to(before, ids) - before.keys())

    async def _write(
        self, read: Mapping[str, Caller | None], changed: Mapping[str, Caller]
    ) -> bool:
        """Writes the changed callers, unless one of those that were read has another version by
        now: then it writes nothing and returns False."""
        moves = [*districts_changed(read, changed.values())]
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

    async def _unlist(self, expired: Mapping[str, Collection[str]]) -> None:
        """Removes callers that expired from their districts. Whoever came back in between is listed
        again with their next change."""
        with unknown_when_lost():
            await self.client.ask([("SREM", key, *ids) for key, ids in expired.items() if ids])

    async def touch(self, callers: Iterable[Caller]) -> None:
        keys = [
            key
            for one in callers
            for key in (caller_key(one.person_id), district_key(one.district))
        ]
        with unknown_when_lost():
            await self.client.ask([("PEXPIRE", key, KEEP_MS) for key in keys])


def decided(callers: dict[str, Caller], request: Request) -> Outcome:
    """Puts what a request decides into `callers`. What it raises is its outcome, and changes
    nothing."""
    each = {*request.ids, *tied_to(callers, request.ids), *request.beside}
    found = {id: callers[id] for id in each if id in callers}
    try:
        decision: Decision = request.decide(found)
    except Exception as why:
        return why
    callers.update({one.person_id: one for one in decision.callers})
    return decision


def tied_to(callers: Mapping[str, Caller | None], ids: Iterable[str]) -> set[str]:
    """The ids of all whom these people are tied to."""
    known = filter(None, map(callers.get, ids))
    return {other for caller in known for other in caller.ties}


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
    fields: dict[str, Any] = json.loads(entry.partition(":")[2])
    return from_fields(fields)
