"""People who come in the middle of a stream and leave again: is what each sees one piece?"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from bisect import bisect_left
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from bench.town import StoredMessage, Town
from chat.devtools import in_reach
from neartalk.codes import TRY_AGAIN

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from chat.devtools import Visitor

ARRIVAL_MAX = 200  # so many messages come with an arrival
PATIENCE_S = 120.0
At = tuple[int, int]


@dataclass(slots=True)
class View:
    """What one joiner was shown, in its order; the first `snapshot` ids came before the mark."""

    person: Visitor
    ids: list[str] = field(default_factory=list)
    snapshot: int = 0
    mark_ms: int = 0


async def crowd(town: Town, people: Collection[Visitor], joins: int) -> list[View]:
    """So many joins, each person again and again, at either process."""
    views: list[View] = []

    async def again_and_again(person: Visitor) -> None:
        while len(views) < joins:
            try:
                views.append(await join(person, random.choice(town.doors)))
            except ConnectionClosed as closed:
                if not closed.rcvd or closed.rcvd.code != TRY_AGAIN:
                    raise

    async with asyncio.TaskGroup() as group:
        for person in people:
            group.create_task(again_and_again(person))
    return views


async def join(person: Visitor, door: str) -> View:
    """Comes, listens for a moment after the mark, and leaves."""
    view = View(person)
    async with connect(
        f"ws{door.removeprefix('http')}/ws",
        additional_headers={"Authorization": f"Bearer {person.key}"},
        subprotocols=["neartalk.json"],  # type: ignore[list-item]
        compression=None,
        ping_interval=None,
        open_timeout=PATIENCE_S,
        close_timeout=1,
    ) as ws:
        async with asyncio.timeout(PATIENCE_S):
            while not view.mark_ms:
                apply(view, json.loads(await ws.recv()))
        with suppress(TimeoutError):
            async with asyncio.timeout(random.uniform(0.2, 0.8)):
                while True:
                    apply(view, json.loads(await ws.recv()))
    return view


def apply(view: View, frame: Any) -> None:
    for one in frame if isinstance(frame, list) else [frame]:
        if one["type"] == "chat.message":
            view.ids.append(sys.intern(one["id"]))
        elif one["type"] == "mark" and not view.mark_ms:
            view.mark_ms, view.snapshot = one["mark"], len(view.ids)


def holes(view: View, in_range: Sequence[tuple[At, str, str]], tile_of: Mapping[str, str]) -> int:
    """Messages that a joiner should have seen between others it saw, by the tiles of all.

    `in_range` is everything it must see, as (place in the stream, tile, id), in order. Due is what
    stands after the oldest of a full snapshot, and before the mark or before the last one seen of
    its tile.
    """
    seen = set(view.ids)
    last: dict[str, At] = {}
    for message_id in view.ids:
        tile = tile_of[message_id]
        last[tile] = max(last.get(tile, (0, 0)), place_in_stream(message_id))
    oldest = min(map(place_in_stream, view.ids[: view.snapshot]), default=(0, 0))
    first = oldest if view.snapshot >= ARRIVAL_MAX else (0, 0)
    start = bisect_left(in_range, (first, "", ""))
    return sum(
        message_id not in seen
        and first < place
        and (place[0] < view.mark_ms or place <= last.get(tile, (0, 0)))
        for place, tile, message_id in in_range[start:]
    )


def place_in_stream(message_id: str) -> At:
    ms, _, seq = message_id.partition(".")[0].partition("-")
    return int(ms), int(seq)


def count_holes(
    views: Collection[View], history: Collection[StoredMessage], ids: dict[str, str]
) -> int:
    """Over all joiners; `ids` tells the public id of a ref."""
    reach: dict[str, list[tuple[At, str, str]]] = {}
    tile_of = {ids[one.ref]: one.tile for one in history}
    for view in views:
        key = view.person.key
        if key not in reach:
            reach[key] = [
                ((one.ms, one.seq), one.tile, ids[one.ref])
                for one in history
                if in_reach(view.person.place, one.place)
            ]
    return sum(holes(view, reach[view.person.key], tile_of) for view in views)


def count_repeats(views: Collection[View]) -> int:
    return sum(len(view.ids) - len(set(view.ids)) for view in views)
