"""A message is read for half an hour by the store's clock, and then stands nowhere."""

import pytest

from chat.history import AFTER_COUNT
from chat.history.stream import refs_key, stream_key
from chat.history.trimmer import TRIM_ENTRIES, TRIM_TILES
from chat.messages import (
    BEGINNING,
    Appended,
    Message,
)
from neartalk.redis import named
from presence.geo import cell_at, tile_of
from tests.chat.history_harness import (
    CELLS,
    HALF_HOUR_MS,
    HERE,
    HOME_TILE,
    OUT_TILE,
    THERE,
    MakeHarness,
    MemoryHistoryHarness,
    RedisHistoryHarness,
    all_of,
    append_text,
    draft,
    memory_harness,
    redis_harness,
    texts,
)
from tests.support.waiting import deadline

pytestmark = pytest.mark.usefixtures("patient", "unlimited")


async def test_a_message_is_read_until_it_has_lived_its_time_and_not_a_millisecond_longer(
    make_harness: MakeHarness, two_seconds_long: int
) -> None:
    async with make_harness() as harness:
        one = await append_text(harness, "one")
        alive = True
        async with deadline("the end of the message"):
            while alive:
                page = await harness.history.page({HOME_TILE: None}, {}, 10)
                after = await harness.history.after({HOME_TILE: BEGINNING})
                for reading in (page, after):
                    alive = reading.now_ms - one.at.ms < two_seconds_long
                    assert reading.entries[HOME_TILE] == ([one] if alive else [])
                if isinstance(harness, MemoryHistoryHarness):
                    await harness.pass_ms(1)


async def test_a_memory_message_lives_half_an_hour() -> None:
    async with memory_harness() as harness:
        one = await append_text(harness, "one")
        await harness.pass_ms(HALF_HOUR_MS - 1)
        assert await all_of(harness) == [one]
        assert not (await harness.history.append(draft("one"))).fresh
        two = await append_text(harness, "two")
        await harness.pass_ms(1)
        assert await all_of(harness) == [two]
        assert (await harness.history.append(draft("one"))).fresh


async def test_a_ref_is_known_as_long_as_its_message_lives(
    make_harness: MakeHarness, two_seconds_long: int
) -> None:
    async with make_harness() as harness:
        one = await append_text(harness, "one")
        again = Appended(one.at, BEGINNING, fresh=False)
        async with deadline("the end of the ref"):
            while not again.fresh:
                earliest = await harness.history.now_ms()
                again = await harness.history.append(draft("one"))
                assert again.fresh or earliest - one.at.ms < two_seconds_long
                if isinstance(harness, MemoryHistoryHarness):
                    await harness.pass_ms(1)
        assert again.at.ms - one.at.ms >= two_seconds_long
        assert texts(await all_of(harness)) == ["one"]
        assert not (await harness.history.append(draft("one"))).fresh


async def test_a_removal_lives_as_long_as_a_message(
    make_harness: MakeHarness, two_seconds_long: int
) -> None:
    async with make_harness() as harness:
        one = await append_text(harness, "one")
        await harness.pass_ms(2)
        found = await harness.history.remove([HOME_TILE], one.id, "alice")
        assert found is not None
        alive = True
        async with deadline("the end of the removal"):
            while alive:
                reading = await harness.history.page({HOME_TILE: None}, {}, 10)
                alive = reading.now_ms - found[0].at.ms < two_seconds_long
                assert reading.entries[HOME_TILE] == ([found[0]] if alive else [])
                if isinstance(harness, MemoryHistoryHarness):
                    await harness.pass_ms(1)


async def test_a_busy_tile_does_not_keep_what_is_old(
    make_harness: MakeHarness, two_seconds_long: int
) -> None:
    async with make_harness() as harness:
        for number in range(20):
            await append_text(harness, f"old text {number}")
        await append_text(harness, "taken back")
        gone = (await all_of(harness))[-1]
        assert isinstance(gone, Message)
        assert await harness.history.remove([HOME_TILE], gone.id, "alice")
        await harness.pass_ms(two_seconds_long)
        await append_text(harness, "new")
        await append_text(harness, "newer")
        held = await harness.everything()
        assert "newer" in held
        assert "old text" not in held
        assert "taken back" not in held
        assert texts(await all_of(harness)) == ["new", "newer"]


async def test_a_quiet_tile_forgets_too(make_harness: MakeHarness, two_seconds_long: int) -> None:
    async with make_harness() as harness:
        for cell in CELLS[:3]:
            for who in ("alice", "bob"):
                await append_text(harness, f"old text of {who}", who=who, cell=cell)
        one = await append_text(harness, "old text taken back")
        await harness.history.remove([HOME_TILE], one.id, "alice")
        await harness.pass_ms(two_seconds_long)
        new = await append_text(harness, "new", who="charlie", cell=THERE)
        await harness.history.trim()
        held = await harness.everything()
        for word in ("old text", "ref-of-old", "Alice", "Bob", HERE, one.id):
            assert word not in held
        assert await all_of(harness, OUT_TILE) == [new]
        assert not (await harness.history.append(draft("new", who="charlie", cell=THERE))).fresh


async def test_trimming_takes_nothing_that_lives(make_harness: MakeHarness) -> None:
    async with make_harness() as harness:
        sent = [await append_text(harness, f"text {number}") for number in range(5)]
        await harness.history.remove([HOME_TILE], sent[0].id, "alice")
        before = await harness.everything()
        await harness.history.trim()
        assert texts(await all_of(harness)) == [f"text {number}" for number in range(1, 5)]
        if isinstance(harness, RedisHistoryHarness):
            assert stream_key(HOME_TILE) in before
            assert refs_key(HOME_TILE) in await harness.everything()
        for number in range(5):
            assert not (await harness.history.append(draft(f"text {number}"))).fresh


async def test_a_tile_is_trimmed_again_and_again(
    make_harness: MakeHarness, two_seconds_long: int
) -> None:
    async with make_harness() as harness:
        for round_ in range(2):
            await append_text(harness, f"text {round_}")
            await harness.pass_ms(two_seconds_long // 2)
            await append_text(harness, f"later text {round_}")
            await harness.pass_ms(two_seconds_long // 2)
            await harness.history.trim()
            held = await harness.everything()
            assert f"'text {round_}'" not in held
            assert f"'later text {round_}'" in held
            await harness.pass_ms(two_seconds_long // 2)
            await harness.history.trim()
            assert "text" not in (await harness.everything()).replace("'text'", "")


async def test_a_tile_that_was_trimmed_empty_begins_again(
    make_harness: MakeHarness, two_seconds_long: int
) -> None:
    async with make_harness() as harness:
        one = await append_text(harness, "one")
        await harness.pass_ms(two_seconds_long)
        await harness.history.trim()
        two = await harness.history.append(draft("two"))
        assert two.previous <= one.at < two.at
        assert texts((await harness.history.after({HOME_TILE: one.at})).entries[HOME_TILE]) == [
            "two"
        ]


async def test_one_trim_clears_many_tiles_and_long_ones(redis_url: str) -> None:
    async with redis_harness(redis_url) as harness:
        tiles = [tile_of(cell_at(10.0, step / 50)) for step in range(TRIM_TILES + 5)]
        assert len({*tiles}) == len(tiles)
        old = await harness.history.now_ms() - HALF_HOUR_MS - 1000
        for tile in tiles:
            await harness.client.xadd(stream_key(tile), {"person": "a", "ref": "r"}, id=f"{old}-0")
            await harness.client.zadd(named("history:due"), {tile: old + HALF_HOUR_MS})
        await harness.keep_old(2 * TRIM_ENTRIES + 10)
        await append_text(harness, "new")
        await harness.history.trim()
        held = await harness.everything()
        assert "old text" not in held
        assert "old-ref" not in held
        assert [await harness.client.xlen(stream_key(tile)) for tile in tiles] == [0] * len(tiles)
        assert await harness.client.zrange(named("history:due"), 0, -1) == [HOME_TILE]
        assert texts(await all_of(harness)) == ["new"]


async def test_what_nobody_has_trimmed_yet_hides_nothing(redis_url: str) -> None:
    async with redis_harness(redis_url) as harness:
        old = await harness.keep_old(2 * AFTER_COUNT + 100)
        assert await all_of(harness) == []
        await append_text(harness, "new", cell=THERE)
        new = await append_text(harness, "new")
        for last in (BEGINNING, old[50]):
            reading = await harness.history.after({HOME_TILE: last, OUT_TILE: BEGINNING})
            assert reading.entries[HOME_TILE] == [new]
            assert texts(reading.entries[OUT_TILE]) == ["new"]
        assert await all_of(harness) == [new]


async def test_in_redis_a_tile_that_nobody_trims_is_gone_a_minute_after_its_last_message(
    redis_url: str,
) -> None:
    async with redis_harness(redis_url) as harness:
        one = await append_text(harness, "one")
        await expiring(harness)
        await harness.history.remove([HOME_TILE], one.id, "alice")
        await expiring(harness)


async def expiring(harness: RedisHistoryHarness) -> None:
    keys = [key async for key in harness.client.scan_iter() if key != named("history:due")]
    assert {stream_key(HOME_TILE), refs_key(HOME_TILE)} <= {*keys}
    for key in keys:
        left_ms = await harness.client.pttl(key)
        assert left_ms != -1
        assert left_ms <= HALF_HOUR_MS + 60_000
