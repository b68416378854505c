"""The acts that bench/costs.py measures, and what it prints; needs Django's settings."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import psutil
import redis
from django.core.management import call_command
from django.utils import timezone
from django.utils.module_loading import import_string

from chat.feed.timeline import Timeline
from chat.history.redis import RedisHistory
from chat.history.stream import refs_key, stream_key
from chat.messages import Draft, StreamId, entry_of, to_fields
from neartalk.redis.client import connect
from neartalk.redis.connection import pool_options
from neartalk.redis.layer import PubSubLayer
from presence.geo import CELL_DEGREES, cell_at, tile_of
from presence.registry import RedisRegistry, TileSnapshot
from presence.roster import Roster
from presence.values import Person, Place, person_id_of
from voice.call_graph import Changes
from voice.callers import Caller, Tie, district_of
from voice.callers.redis import RedisCallers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from tests.support.servers import Postgres


PEOPLE, TILES, ROUNDS, AT_ONCE = 4_000, 2_000, 10, 50
PROCESSES = (10, 200, 2_000)
RECEIVERS = (1, 40)
CROWD = 1_000
LOOKS = 5_000
SHOWN = (1, 10, 50, 1_000)
WORDS = "Does anyone know when the market opens?"
HERE = "0" * 16
COLUMNS = 200


@dataclass(frozen=True)
class Cost:
    """Microseconds and commands for each of what `what` names."""

    what: str
    redis_us: float
    own_us: float
    commands: float

    def row(self) -> str:
        return f"| {self.what} | {self.redis_us:,.1f} | {self.own_us:,.1f} | {self.commands:,.1f} |"


class RedisMeter:
    """Reads the clocks and the memory of Redis before and after."""

    def __init__(self, url: str) -> None:
        self.redis = redis.Redis.from_url(url)
        self.bytes: list[tuple[str, float]] = []

    async def measure(
        self, what: str, acts: Sequence[Callable[[], Awaitable[Any]]], each: int = 1
    ) -> None:
        """Prints the cost of one of so many that each act is about."""
        before, own_s = self._clocks(), time.process_time()
        for start in range(0, len(acts), AT_ONCE):
            await asyncio.gather(*(act() for act in acts[start : start + AT_ONCE]))
        own_s = time.process_time() - own_s
        units = len(acts) * each
        redis_us, commands = (
            (late - early) / units for early, late in zip(before, self._clocks(), strict=True)
        )
        print(Cost(what, redis_us, own_s / units * 1e6, commands).row(), flush=True)

    def _clocks(self) -> tuple[float, float]:
        cpu, stats = self.redis.info("cpu"), self.redis.info("commandstats")
        calls = sum(one["calls"] for one in stats.values())
        return (cpu["used_cpu_user"] + cpu["used_cpu_sys"]) * 1e6, calls

    def used(self) -> int:
        return int(self.redis.info("memory")["used_memory"])

    def size(self, *keys: str) -> int:
        return sum(int(self.redis.memory_usage(key, samples=0) or 0) for key in keys)


def report(url: str, postgres: Postgres) -> None:
    """Prints the tables."""
    print("| what | Redis, us | the process, us | commands |\n|---|---:|---:|---:|")
    meter = RedisMeter(url)
    asyncio.run(measure(url, meter))
    own_us, postgres_us = records(postgres)
    name = f"sanctions asked for (each second; PostgreSQL {postgres_us:,.0f} us)"
    print(Cost(name, 0, own_us, 0).row())
    print("\n| what | bytes |\n|---|---:|")
    for what, size in (*meter.bytes, *held(), *drawn()):
        print(f"| {what} | {size:,.0f} |")


async def measure(url: str, meter: RedisMeter) -> None:

    client = connect(url)
    try:
        registry, history = RedisRegistry(client), RedisHistory(client)
        await people(meter, registry, history)
        await tiles(meter, registry, history)
        await leases(meter, registry)
        await voice(meter, RedisCallers(client))
    finally:
        await client.aclose()
    for count in RECEIVERS:
        await hints(meter, url, count)


async def people(meter: RedisMeter, registry: RedisRegistry, history: RedisHistory) -> None:

    digests = [secrets.token_hex(32) for _ in range(PEOPLE)]
    begin = partial(registry.open, name="Quiet Heron", origin="0" * 32)
    used = meter.used()
    await meter.measure("a session begins", [partial(begin, one) for one in digests])
    meter.bytes.append(("a session in Redis", (meter.used() - used) / PEOPLE))

    used = meter.used()
    for what, step in (("a person comes to a place", 0), ("a move to the next cell", 1)):
        moves = [
            partial(registry.place, one, place(turn + step), HERE)
            for turn, one in enumerate(digests)
        ]
        await meter.measure(what, moves)
    meter.bytes.append(("a person in their tile in Redis", (meter.used() - used) / PEOPLE))
    await meter.measure("a session read", [partial(registry.get, one) for one in digests])

    drafts = [
        Draft(person_id_of(one), "Quiet Heron", place(turn + 1), f"{WORDS} {turn}", f"{turn:012}")
        for turn, one in enumerate(digests)
    ]
    await meter.measure("a message is kept", [partial(history.append, one) for one in drafts])
    keys = {key(one.tile) for one in drafts for key in (stream_key, refs_key)}
    meter.bytes.append(("a message in Redis", meter.size(*keys) / PEOPLE))


async def tiles(meter: RedisMeter, registry: RedisRegistry, history: RedisHistory) -> None:

    watched = sorted({tile_of(place(turn * 7).cell) for turn in range(20 * TILES)})[:TILES]
    polls = [partial(registry.status, watched)] * ROUNDS
    await meter.measure("a tile looked at (each 2 s)", polls, len(watched))
    last = dict.fromkeys(watched, StreamId(int(time.time() * 1000), 0))
    await meter.measure(
        "a tile polled (each 2 s)", [partial(history.after, last)] * ROUNDS, len(watched)
    )

    here = place(1_000_000)
    for _ in range(CROWD):
        digest = secrets.token_hex(32)
        await registry.open(digest, "Quiet Heron")
        await registry.place(digest, here, HERE)

    async def read_whole() -> None:
        roster = Roster()
        for tile, found in (await registry.people([tile_of(here.cell)])).items():
            roster.load(tile, found)
        roster.nearby(here, frozenset({HERE}), 0)

    await meter.measure("somebody in a tile that is read whole", [read_whole] * ROUNDS, CROWD)


async def leases(meter: RedisMeter, registry: RedisRegistry) -> None:
    known = 0
    for count in PROCESSES:
        names = [secrets.token_hex(8) for _ in range(count - known)]
        await asyncio.gather(*(registry.renew(one) for one in names))
        known = count
        polls = [partial(registry.status, ())] * 200
        await meter.measure(f"the leases of {count:,} processes read (each 2 s)", polls)
    renewals = [partial(registry.renew, secrets.token_hex(8)) for _ in range(1_000)]
    await meter.measure("a lease renewed (each 5 s)", renewals)


async def voice(meter: RedisMeter, callers: RedisCallers) -> None:

    ids = [secrets.token_hex(8) for _ in range(CROWD)]

    def enter(one: str, found: Mapping[str, Caller]) -> Changes:
        return Changes((Caller(one, "Quiet Heron", place(0), process=HERE, version=1),))

    def tie(one: str, two: str, found: Mapping[str, Caller]) -> Changes:
        tied = found[one].tied(two, Tie.LIVE), found[two].tied(one, Tie.LIVE)
        return Changes(tuple(each.changed(version=each.version + 1) for each in tied))

    used = meter.used()
    joins = [partial(callers.change, [one], partial(enter, one)) for one in ids]
    await meter.measure("somebody joins voice", joins)
    meter.bytes.append(("somebody in voice in Redis", (meter.used() - used) / CROWD))
    pairs = [*zip(ids[::2], ids[1::2], strict=True)]
    changes = [partial(callers.change, pair, partial(tie, *pair)) for pair in pairs]
    await meter.measure("two callers change together", changes)
    reads = [partial(callers.read, pair) for pair in pairs]
    await meter.measure("two callers read (each frame passed on)", reads)
    polls = [partial(callers.within, [district_of(place(0))])] * ROUNDS
    await meter.measure("a caller in a district that is read (each 10 s)", polls, CROWD)


async def hints(meter: RedisMeter, url: str, count: int) -> None:
    """So many processes are told by another; who sends and who receives is this process."""

    draft = Draft(HERE, "Quiet Heron", place(0), WORDS, "0" * 12)
    hint = {"type": "chat.said", "at": "1-0", "previous": "0-0", "fields": to_fields(draft)}
    layers = [PubSubLayer([pool_options(url)], "bench:") for _ in range(count + 1)]
    channels = [await layer.new_channel() for layer in layers]
    for layer, channel in zip(layers, channels, strict=True):
        await layer.group_add("tile.u33dc0", channel)

    async def receive(layer: Any, channel: str) -> None:
        [found] = (await layer.receive(channel))["each"]
        entry_of(found["at"], found["fields"])

    async def publish() -> None:
        await layers[0].group_send("tile.u33dc0", {"from": HERE, "each": [hint]})
        await asyncio.gather(*map(receive, layers[1:], channels[1:]))

    await meter.measure(f"a hint to {count} processes, with their work", [publish] * 500)
    for layer in layers:
        await layer.flush()


# ---- What is held, drawn and written down ------------------------------------------------------


def held() -> list[tuple[str, float]]:
    """What a process keeps of others, in memory of its own."""

    process, count = psutil.Process(), 50_000
    people = [(place(turn * 7).cell, f"{turn:016}", f"Heron {turn}") for turn in range(count)]
    before = process.memory_info().rss
    crowded, empty, timelines = Roster(), Roster(), {}
    for cell, person_id, name in people:
        person = Person(person_id, name, cell, 500, version=1, process=HERE)
        crowded.load(person_id[-6:], TileSnapshot(1, {person_id: person}))
    between = process.memory_info().rss
    for turn in range(count):
        empty.load(f"{turn:06}", TileSnapshot())
        timelines[f"{turn:06}"] = Timeline()
    after = process.memory_info().rss
    return [
        ("somebody near, alone in a tile, in a process", (between - before) / count),
        ("an empty tile in a process", (after - between) / count),
    ]


def drawn() -> list[tuple[str, float]]:
    """Frames of who is near, and of one who comes."""

    panel, form, listing = map(
        import_string,
        ("presence.delivery.panel", "presence.delivery.frames.Form", "presence.roster.Listing"),
    )
    here, found = place(0), []
    for count in SHOWN:
        roster, ids = Roster(), [f"{turn:016}" for turn in range(count)]
        alike = Person("", "Quiet Heron", *here, version=1, process=HERE)
        each = {one: alike.changed(person_id=one) for one in ids}
        roster.load(tile_of(here.cell), TileSnapshot(1, each))
        nearby = roster.nearby(here, frozenset({HERE}), 0).seen_by("")
        size = len(panel.people(form.HTML, 1, listing.of(nearby), here.radius_m).wire)
        found.append((f"the frame of people, {count:,} near", float(size)))
    return found


def records(postgres: Postgres) -> tuple[float, float]:
    """What it takes a process, and PostgreSQL, that sanctions are asked for; microseconds."""
    call_command("migrate", verbosity=0)
    alone, read = map(
        import_string,
        ("neartalk.records.database.with_own_connection", "neartalk.records.sanction_rows.load"),
    )
    now = timezone.now()
    alone(read, now, now, 0)
    server = psutil.Process(postgres.pid)
    before_s, own_s = cpu_s(server), time.process_time()
    for _ in range(LOOKS):
        alone(read, now, now, 0)
    own_s = time.process_time() - own_s
    return own_s / LOOKS * 1e6, (cpu_s(server) - before_s) / LOOKS * 1e6


def cpu_s(server: psutil.Process) -> float:
    """Of a server with its children."""
    each = [one.cpu_times() for one in (server, *server.children())]
    return sum(one.user + one.system for one in each)


# ---- Places ------------------------------------------------------------------------------------


def place(turn: int) -> Place:
    """One cell after the other, row by row."""
    row, column = divmod(turn, COLUMNS)
    return Place(cell_at(10 + row * CELL_DEGREES, 10 + column * CELL_DEGREES), 500)
