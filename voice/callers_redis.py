"""Who is in voice, in Redis: a string a caller and a set a district.

The callers are one graph, whose steps span any of them: all keys carry one hash tag, so that a
cluster keeps them together.
"""

import json
from collections.abc import Collection, Iterable, Mapping

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import WatchError

from neartalk.codes import Refused
from neartalk.redis import answer, unknown_when_lost
from voice.callers import KEEP_MS, Act, Caller, District
from voice.wire import from_fields, to_fields

TRIES = 20


def caller_key(person_id: str) -> str:
    return f"{{voice}}:caller:{person_id}"


def district_key(district: District) -> str:
    return f"{{voice}}:district:{district}"


class RedisCallers:
    def __init__(self, client: Redis) -> None:
        self.client = client

    async def change(self, ids: Collection[str], act: Act) -> None:
        for _ in range(TRIES):
            with unknown_when_lost():
                async with self.client.pipeline(transaction=True) as pipe:
                    before = await watch(pipe, ids)
                    tied = {other for caller in before.values() for other in caller.ties}
                    before |= await watch(pipe, tied - {*ids})
                    after = dict(before)
                    act(after)
                    changed = [one for id, one in after.items() if before.get(id) != one]
                    try:
                        await write(pipe, before, changed)
                    except WatchError:
                        continue
                    return
        raise Refused("store-unavailable", retry_after=2)

    async def read(self, ids: Collection[str]) -> Mapping[str, Caller]:
        if not ids:
            return {}
        with unknown_when_lost():
            found = await answer(self.client.mget(map(caller_key, ids)))
        return loaded(found)

    async def within(self, districts: Iterable[District]) -> list[Caller]:
        keys = [district_key(district) for district in districts]
        with unknown_when_lost():
            async with self.client.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.smembers(key)
                listed = dict(zip(keys, await pipe.execute(), strict=True))
        found = await self.read({person_id for ids in listed.values() for person_id in ids})
        await self._unlist({key: ids - found.keys() for key, ids in listed.items()})
        return [one for one in found.values() if one.joined]

    async def _unlist(self, spare: Mapping[str, Collection[str]]) -> None:
        """Takes out who expired without a word. Whoever came back just then is listed again with
        their next change."""
        with unknown_when_lost():
            for key, ids in spare.items():
                if ids:
                    await answer(self.client.srem(key, *ids))

    async def touch(self, callers: Iterable[Caller]) -> None:
        with unknown_when_lost():
            async with self.client.pipeline(transaction=False) as pipe:
                for caller in callers:
                    pipe.pexpire(caller_key(caller.person_id), KEEP_MS)
                    pipe.pexpire(district_key(caller.district), KEEP_MS)
                await pipe.execute()


async def watch(pipe: Pipeline, ids: Collection[str]) -> dict[str, Caller]:
    """Reads callers; a write by anybody else from now on undoes ours."""
    if not ids:
        return {}
    keys = [caller_key(person_id) for person_id in ids]
    await pipe.watch(*keys)
    return loaded(await answer(pipe.mget(keys)))


async def write(pipe: Pipeline, before: Mapping[str, Caller], changed: Collection[Caller]) -> None:
    """Raises WatchError where others were quicker."""
    if not changed:
        return
    pipe.multi()
    for caller in changed:
        pipe.set(caller_key(caller.person_id), json.dumps(to_fields(caller)), px=KEEP_MS)
        known = before.get(caller.person_id)
        if known and known.joined and (not caller.joined or known.district != caller.district):
            pipe.srem(district_key(known.district), caller.person_id)
        if caller.joined:
            pipe.sadd(district_key(caller.district), caller.person_id)
            pipe.pexpire(district_key(caller.district), KEEP_MS)
    await pipe.execute()


def loaded(found: Iterable[str | None]) -> dict[str, Caller]:
    callers = (from_fields(json.loads(entry)) for entry in found if entry)
    return {caller.person_id: caller for caller in callers}
