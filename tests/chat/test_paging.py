"""What is found for a reader in many tiles: the newest, in order, and nothing twice or never."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chat.feed import RenderedMessage, load_newest
from chat.history import MemoryHistory
from chat.messages import Draft, StreamId, next_id
from presence.geo import cell_at
from presence.values import Place
from tests.support.waiting import deadline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chat.history.contract import Reading
    from presence.geo import Tile

HERE = Place(cell_at(52.52, 13.405), 2000)
THERE = Place(cell_at(52.53, 13.405), 2000)


async def test_reading_back_misses_nothing_said_at_the_same_time_in_another_tile() -> None:
    history = MemoryHistory(clock=lambda: 1_795_000_000_000)
    tiles = set()
    for number in range(10):
        for place in (HERE, THERE):
            draft = Draft(f"{place.cell}{number}", "Alice", place, "text", f"ref{number:08}")
            await history.append(draft)
            tiles.add(draft.tile)
    assert len(tiles) == 2
    found: list[RenderedMessage] = []
    async with deadline("pages up to the oldest"):
        while True:
            first = (found[0].at, found[0].id) if found else None

            def wanted(
                message: RenderedMessage, first: tuple[StreamId, str] | None = first
            ) -> bool:
                return first is None or (message.at, message.id) < first

            below = dict.fromkeys(tiles, next_id(first[0]) if first else None)
            page = (await load_newest(history, below, wanted, limit=3)).messages
            if not page:
                break
            found = page + found
    assert len(found) == len({message.id for message in found}) == 20


@pytest.mark.parametrize(("tiles", "limit", "size"), [(1, 50, 100), (50, 10, 16), (1, 2_000, 200)])
async def test_of_many_tiles_little_is_read_at_first_and_of_a_few_what_is_wanted(
    tiles: int, limit: int, size: int
) -> None:
    asked: list[int] = []

    class Counting(MemoryHistory):
        async def page(
            self, below: Mapping[Tile, StreamId | None], since_ms: Mapping[Tile, int], count: int
        ) -> Reading:
            asked.append(count)
            return await super().page(below, since_ms, count)

    below = dict.fromkeys(map(str, range(tiles)))
    await load_newest(Counting(), below, lambda message: True, limit=limit)
    assert asked == [size]
