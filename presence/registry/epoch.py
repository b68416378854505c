"""The epoch of a store in Redis: it changes when any of its nodes has lost what it held."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping

from redis.crc import key_slot

from neartalk.redis import Store, named, unknown_when_lost

# So many markers stand on slots that are evenly apart: a node with as many slots has at least one.
MARKERS = 32
SLOTS = 16_384


def marker_keys() -> Iterator[str]:
    """A key for each part of the slots, wherever these are."""
    missing, number = {*range(MARKERS)}, 0
    while missing:
        part = key_slot(str(number).encode()) * MARKERS // SLOTS
        if part in missing:
            missing.remove(part)
            yield f"{{{number}}}:epoch"
        number += 1


KEYS = tuple(marker_keys())


class Epoch:
    """A run id is new after each start of a node. A marker is a random word that stays as long as
    the data does: whoever finds one missing, after a flush say, puts a new one in its place."""

    def __init__(self, client: Store) -> None:
        self.client = client
        self.keys = [*map(named, KEYS)]

    async def read(self) -> str:
        """Raises Refused: `store-unavailable`."""
        with unknown_when_lost():
            run_ids = await self.client.run_ids()
            markers = await self._markers()
            if missing := [key for key, marker in markers.items() if not marker]:
                fresh = secrets.token_hex(8)
                await self.client.ask([("SET", key, fresh, "NX") for key in missing])
                markers = await self._markers()
        parts = *run_ids, *(markers[key] or "" for key in self.keys)
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]

    async def _markers(self) -> Mapping[str, str | None]:
        groups = self.client.grouped(self.keys)
        found = await self.client.ask([("MGET", *group) for group in groups])
        return {
            key: marker
            for group, markers in zip(groups, found, strict=True)
            for key, marker in zip(group, markers, strict=True)
        }
