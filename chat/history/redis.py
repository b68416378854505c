"""What was said, in Redis: a stream a tile, its refs in a hash beside it. Nothing on a disk.

Keys of a tile carry it as hash tag, so that a cluster keeps them together.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chat.history.contract import AFTER_COUNT, Reading, life_ms
from chat.messages import (
    BEGINNING,
    Appended,
    Draft,
    Entry,
    Message,
    Retraction,
    StreamId,
    entry_of,
    just_before,
    stream_id_of,
    to_fields,
)
from chat.spam import acts_of, refusal_of
from neartalk.limits import Act
from neartalk.redis import Store, script, unknown_when_lost
from presence.geo import Tile

log = logging.getLogger(__name__)

LUA = Path(__file__).parent / "lua"
DUE = "history:due"
TRIM_TILES, TRIM_ENTRIES = 100, 1000
MINUTE_MS = 60_000


def stream_key(tile: Tile) -> str:
    return f"{{{tile}}}:history"


def refs_key(tile: Tile) -> str:
    return f"{{{tile}}}:refs"


def allowance_key(tile: Tile, act: Act) -> str:
    return f"{{{tile}}}:{act.rule}:{act.subject}"


class RedisHistory:
    def __init__(self, client: Store) -> None:
        self.client = client
        self.scripts = {path.stem: script(path) for path in LUA.glob("*.lua")}

    async def append(self, draft: Draft, earlier: Iterable[Tile] = ()) -> Appended:
        ref = f"{draft.person_id}:{draft.ref}"
        with unknown_when_lost():
            if known := await self._known(ref, earlier):
                return Appended(known, BEGINNING, fresh=False)
            acts = acts_of(draft)
            said, *values = await self._append(draft, ref, acts)
        if said == "known":
            return Appended(StreamId.parse(values[0]), BEGINNING, fresh=False)
        if said == "wait":
            each, wait_ms = values
            raise refusal_of(acts[each - 1], wait_ms)
        at, previous, due = values
        kept = Appended(StreamId.parse(at), StreamId.parse(previous))
        self._look_after(draft.tile, kept, due)
        return kept

    async def known(self, person_id: str, ref: str, tiles: Iterable[Tile]) -> StreamId | None:
        with unknown_when_lost():
            return await self._known(f"{person_id}:{ref}", tiles)

    async def _known(self, ref: str, tiles: Iterable[Tile]) -> StreamId | None:
        """The id that any of these tiles knows a ref by. All are asked at once."""
        asked = [self.client.send("HGET", refs_key(tile), ref) for tile in tiles]
        found = next(filter(None, await asyncio.gather(*asked)), None) if asked else None
        return StreamId.parse(found) if found else None

    async def _append(self, draft: Draft, ref: str, acts: Sequence[Act]) -> Any:
        tile = draft.tile
        allowances = [allowance_key(tile, act) for act in acts]
        keys = [stream_key(tile), refs_key(tile), *allowances]
        limits = [value for act in acts for value in (act.cost_ms, act.tolerance_ms)]
        fields = [part for pair in to_fields(draft).items() for part in pair]
        arguments = [ref, life_ms(), *limits, *fields]
        return await self.client.run(self.scripts["append"], keys, arguments)

    def _look_after(self, tile: Tile, kept: Appended, due: int) -> None:
        """What a tile needs now and then leaves behind the message, and nobody waits for it.

        If it is lost, the tile is trimmed later: the next minute's message enters it again, and
        its keys expire by themselves.
        """
        if kept.at.ms // MINUTE_MS != kept.previous.ms // MINUTE_MS:
            self._ride("ZADD", DUE, "NX", kept.at.ms + life_ms(), tile)
        if due:
            # Whole, for nobody is there to send it again where Redis does not know it.
            text, keys = self.scripts["trim"].text, (stream_key(tile), refs_key(tile))
            self._ride("EVAL", text, len(keys), *keys, life_ms(), TRIM_ENTRIES)

    def _ride(self, *command: str | int) -> None:
        self.client.send(*command).add_done_callback(log_lost)

    async def remove(
        self, tiles: Iterable[Tile], message_id: str, person_id: str
    ) -> tuple[Retraction, StreamId] | None:
        place = stream_id_of(message_id)
        if place is None:
            return None
        message = await self._find(tiles, place, message_id, person_id)
        if message is None:
            return None
        with unknown_when_lost():
            arguments = [str(place), message_id, life_ms()]
            keys = [stream_key(message.tile), refs_key(message.tile)]
            found = await self.client.run(self.scripts["remove"], keys, arguments)
        if not found:
            return None
        retraction = Retraction(StreamId.parse(found[0]), message.place, person_id, message_id)
        return retraction, StreamId.parse(found[1])

    async def _find(
        self, tiles: Iterable[Tile], place: StreamId, message_id: str, person_id: str
    ) -> Message | None:
        """This message of this person, in whichever tile it stands."""
        asked, wanted = [*tiles], (message_id, person_id)
        with unknown_when_lost():
            now_ms, found = await self.client.ask_timed(
                [("XRANGE", stream_key(tile), str(place), str(place)) for tile in asked]
            )
        for entries in reading(now_ms, dict(zip(asked, found, strict=True))).entries.values():
            for entry in entries:
                if isinstance(entry, Message) and (entry.id, entry.person_id) == wanted:
                    return entry
        return None

    async def page(
        self, below: Mapping[Tile, StreamId | None], since_ms: Mapping[Tile, int], count: int
    ) -> Reading:
        ranges = [
            (stream_key(tile), f"({place}" if place else "+", since_ms.get(tile, 0))
            for tile, place in below.items()
        ]
        with unknown_when_lost():
            now_ms, found = await self.client.ask_timed(
                [("XREVRANGE", *each, "COUNT", count) for each in ranges]
            )
        newest_first = dict(zip(below, found, strict=True))
        return reading(now_ms, {tile: raw[::-1] for tile, raw in newest_first.items()})

    async def after(self, last: Mapping[Tile, StreamId]) -> Reading:
        streams = {stream_key(tile): str(place) for tile, place in last.items()}
        with unknown_when_lost():
            now_ms, found = await self.client.ask_timed(
                [
                    (
                        "XREAD",
                        "COUNT",
                        AFTER_COUNT,
                        "STREAMS",
                        *keys,
                        *(streams[key] for key in keys),
                    )
                    for keys in self.client.grouped(streams)
                ]
            )
        by_key = {key: entries for answer in found for key, entries in answer or ()}
        raw = {tile: by_key.get(stream_key(tile), []) for tile in last}
        alive = reading(now_ms, raw)
        # What nobody has trimmed yet may be all that came: what lives stands behind it.
        hidden = [
            tile
            for tile, entries in alive.entries.items()
            if len(raw[tile]) == AFTER_COUNT > len(entries)
        ]
        if not hidden:
            return alive
        rest = await self.after(dict.fromkeys(hidden, last_gone(alive.now_ms)))
        return Reading(alive.now_ms, {**alive.entries, **rest.entries})

    async def now_ms(self) -> int:
        with unknown_when_lost():
            return await self.client.now_ms()

    async def trim(self) -> None:
        with unknown_when_lost():
            now_ms = await self.client.now_ms(DUE)
            ask = "ZRANGEBYSCORE", DUE, "-inf", now_ms, "LIMIT", 0, TRIM_TILES
            while due := await self.client.send(*ask):
                await asyncio.gather(*(self._trim(tile, now_ms) for tile in due))

    async def _trim(self, tile: Tile, now_ms: int) -> None:
        """A message between the two steps is not forgotten: its keys expire by themselves.

        `now_ms` is the clock of the master that has DUE, and the tile's may be behind it.
        """
        keys = [stream_key(tile), refs_key(tile)]
        wait_ms = await self.client.run(self.scripts["trim"], keys, [life_ms(), TRIM_ENTRIES])
        await (
            self.client.send("ZREM", DUE, tile)
            if wait_ms is None
            else self.client.send("ZADD", DUE, now_ms + wait_ms, tile)
        )


def log_lost(answer: asyncio.Future[Any]) -> None:
    if not answer.cancelled() and (why := answer.exception()):
        log.warning("a tile was not looked after", extra={"error": type(why).__name__})


def last_gone(now_ms: int) -> StreamId:
    """The last place of those that have lived their time."""
    return just_before(now_ms - life_ms() + 1)


def reading(now_ms: int, raw: Mapping[Tile, list[Any]]) -> Reading:
    """Entries less those that have lived their time by the store's own clock."""
    gone = last_gone(now_ms)
    entries: dict[Tile, list[Entry]] = {
        tile: [one for raw_id, fields in found if (one := entry_of(raw_id, fields)).at > gone]
        for tile, found in raw.items()
    }
    return Reading(now_ms, entries)
