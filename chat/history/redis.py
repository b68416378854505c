"""The history in Redis: a stream a tile, its refs in a hash beside it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chat.history.contract import AFTER_COUNT, Reading, life_ms
from chat.history.redis_reactions import RedisReactions
from chat.history.stream import (
    allowance_key,
    choices_key,
    gone_key,
    last_expired,
    reading_of,
    refs_key,
    stream_key,
    turn_key,
)
from chat.history.trimmer import LUA, Trimmer
from chat.history.turns import KEPT_MS, LATE_MAX_MS
from chat.messages import (
    BEGINNING,
    Appended,
    Draft,
    Message,
    Retraction,
    StreamId,
    stream_id_of,
    to_fields,
)
from chat.spam import acts_of, refusal_of
from neartalk.limits import QUEUE_MAX_MS, Act, Rules
from neartalk.redis import Store, script, unknown_when_lost
from presence.geo import Tile


class RedisHistory:
    def __init__(self, client: Store, rules: Rules | None = None) -> None:
        self.client = client
        self.rules = rules or Rules()
        add = LUA / "add.lua"
        self.scripts = {name: script(add, LUA / f"{name}.lua") for name in ("append", "remove")}
        self.trimmer = Trimmer(client)
        reactions = RedisReactions(client, self.rules)
        self.react, self.choices = reactions.react, reactions.choices

    async def append(self, draft: Draft, earlier: Iterable[Tile] = ()) -> Appended:
        ref = f"{draft.person_id}:{draft.ref}"
        with unknown_when_lost():
            if known := await self._known(ref, earlier):
                return Appended(known, BEGINNING, fresh=False)
            acts = acts_of(draft, self.rules)
            outcome, *values = await self._append(draft, ref, acts)
        if outcome == "known":
            return Appended(StreamId.parse(values[0]), BEGINNING, fresh=False)
        if outcome == "wait":
            each, wait_ms, in_turn = values
            raise refusal_of(acts[each - 1], wait_ms, in_turn=bool(in_turn))
        at, previous, due = values
        kept = Appended(StreamId.parse(at), StreamId.parse(previous))
        self.trimmer.follow_up(draft.tile, kept, due)
        return kept

    async def _append(self, draft: Draft, ref: str, acts: Sequence[Act]) -> Any:
        tile = draft.tile
        allowances = [allowance_key(tile, act) for act in acts]
        ahead = [f"{key}:ahead" for key in allowances]
        keys = [stream_key(tile), refs_key(tile), turn_key(tile, ref), *allowances, *ahead]
        limits = [(act, self.rules[act.rule]) for act in acts]
        costs = [
            ms for act, limit in limits for ms in (act.cost_ms(limit), act.tolerance_ms(limit))
        ]
        fields = [part for pair in to_fields(draft).items() for part in pair]
        arguments = [ref, life_ms(), QUEUE_MAX_MS, LATE_MAX_MS, KEPT_MS, *costs, *fields]
        return await self.client.run(self.scripts["append"], keys, arguments)

    async def known(self, person_id: str, ref: str, tiles: Iterable[Tile]) -> StreamId | None:
        with unknown_when_lost():
            return await self._known(f"{person_id}:{ref}", tiles)

    async def _known(self, ref: str, tiles: Iterable[Tile]) -> StreamId | None:
        """The id that any of these tiles knows a ref by. All are asked at once."""
        asked = [self.client.send("HGET", refs_key(tile), ref) for tile in tiles]
        found = next(filter(None, await asyncio.gather(*asked)), None) if asked else None
        return StreamId.parse(found) if found else None

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
            tile = message.tile
            beside = gone_key(tile, message_id), choices_key(tile, place)
            keys = [stream_key(tile), refs_key(tile), *beside]
            found = await self.client.run(self.scripts["remove"], keys, arguments)
        if not found:
            return None
        retraction = Retraction(StreamId.parse(found[0]), message.place, person_id, message_id)
        return retraction, StreamId.parse(found[1])

    async def removed(self, tiles: Iterable[Tile], message_id: str, person_id: str) -> bool:
        if stream_id_of(message_id) is None:
            return False
        asked = [self.client.send("GET", gone_key(tile, message_id)) for tile in tiles]
        with unknown_when_lost():
            return person_id in await asyncio.gather(*asked)

    async def _find(
        self, tiles: Iterable[Tile], place: StreamId, message_id: str, person_id: str
    ) -> Message | None:
        """This message of this person, in whichever tile it stands."""
        asked, wanted = [*tiles], (message_id, person_id)
        with unknown_when_lost():
            now_ms, found = await self.client.ask_timed(
                [("XRANGE", stream_key(tile), str(place), str(place)) for tile in asked]
            )
        reading = reading_of(now_ms, dict(zip(asked, found, strict=True)))
        for entries in reading.entries.values():
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
        return reading_of(now_ms, {tile: raw[::-1] for tile, raw in newest_first.items()})

    async def after(self, last: Mapping[Tile, StreamId]) -> Reading:
        now_ms, raw = await self._read_after(last)
        alive = reading_of(now_ms, raw)
        # Entries that nobody has trimmed yet may be all that came: those alive stand behind them.
        hidden = [
            tile
            for tile, entries in alive.entries.items()
            if len(raw[tile]) == AFTER_COUNT > len(entries)
        ]
        if not hidden:
            return alive
        rest = await self.after(dict.fromkeys(hidden, last_expired(now_ms)))
        return Reading(now_ms, {**alive.entries, **rest.entries})

    async def _read_after(self, last: Mapping[Tile, StreamId]) -> tuple[int, dict[Tile, Any]]:
        """The store's clock, and by tile up to AFTER_COUNT entries as Redis answers them."""
        streams = {stream_key(tile): str(place) for tile, place in last.items()}
        commands: list[tuple[str | int, ...]] = [
            ("XREAD", "COUNT", AFTER_COUNT, "STREAMS", *keys, *(streams[key] for key in keys))
            for keys in self.client.grouped(streams)
        ]
        with unknown_when_lost():
            now_ms, found = await self.client.ask_timed(commands)
        by_key = {key: entries for answer in found for key, entries in answer or ()}
        return now_ms, {tile: by_key.get(stream_key(tile), []) for tile in last}

    async def now_ms(self) -> int:
        with unknown_when_lost():
            return await self.client.now_ms()

    async def trim(self) -> None:
        with unknown_when_lost():
            await self.trimmer.trim()
