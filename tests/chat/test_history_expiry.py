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
from presence.geo import cell_at, tile_of
from tests.chat.history_harness import (
    CELLS,
    HALF_HOUR_MS,
    HERE,
    HOME_TILE,
    OUT_TILE,
    THERE,
    MemoryStand,
    RedisStand,
    Stands,
    all_of,
    append_text,
    draft,
    memory_stand,
    redis_stand,
    texts,
)

pytestmark = pytest.mark.usefixtures("patient", "unlimited")


async def test_a_message_is_read_until_it_has_lived_its_time_and_not_a_millisecond_longer(
    stands: Stands, a_second_long: int
) -> None:
    async with stands() as stand:
        one = await append_text(stand, "one")
        alive = True
        while alive:
            page = await stand.history.page({HOME_TILE: None}, {}, 10)
            after = await stand.history.after({HOME_TILE: BEGINNING})
            for reading in (page, after):
                alive = reading.now_ms - one.at.ms < a_second_long
                assert reading.entries[HOME_TILE] == ([one] if alive else [])
            if isinstance(stand, MemoryStand):
                await stand.pass_ms(1)


async def test_a_memory_message_lives_half_an_hour() -> None:
    async with memory_stand() as stand:
        one = await append_text(stand, "one")
        await stand.pass_ms(HALF_HOUR_MS - 1)
        assert await all_of(stand) == [one]
        assert not (await stand.history.append(draft("one"))).fresh
        two = await append_text(stand, "two")
        await stand.pass_ms(1)
        assert await all_of(stand) == [two]
        assert (await stand.history.append(draft("one"))).fresh


async def test_a_ref_is_known_as_long_as_its_message_lives(
    stands: Stands, a_second_long: int
) -> None:
    async with stands() as stand:
        one = await append_text(stand, "one")
        again = Appended(one.at, BEGINNING, fresh=False)
        while not again.fresh:
            earliest = await stand.history.now_ms()
            again = await stand.history.append(draft("one"))
            assert again.fresh or earliest - one.at.ms < a_second_long
            if isinstance(stand, MemoryStand):
                await stand.pass_ms(1)
        assert again.at.ms - one.at.ms >= a_second_long
        assert texts(await all_of(stand)) == ["one"]
        assert not (await stand.history.append(draft("one"))).fresh


async def test_a_removal_lives_as_long_as_a_message(stands: Stands, a_second_long: int) -> None:
    async with stands() as stand:
        one = await append_text(stand, "one")
        await stand.pass_ms(2)
        found = await stand.history.remove([HOME_TILE], one.id, "alice")
        assert found is not None
        alive = True
        while alive:
            reading = await stand.history.page({HOME_TILE: None}, {}, 10)
            alive = reading.now_ms - found[0].at.ms < a_second_long
            assert reading.entries[HOME_TILE] == ([found[0]] if alive else [])
            if isinstance(stand, MemoryStand):
                await stand.pass_ms(1)


async def test_a_busy_tile_does_not_keep_what_is_old(stands: Stands, a_second_long: int) -> None:
    async with stands() as stand:
        for number in range(20):
            await append_text(stand, f"old text {number}")
        await append_text(stand, "taken back")
        gone = (await all_of(stand))[-1]
        assert isinstance(gone, Message)
        assert await stand.history.remove([HOME_TILE], gone.id, "alice")
        await stand.pass_ms(a_second_long)
        await append_text(stand, "new")
        await append_text(stand, "newer")
        held = await stand.everything()
        assert "newer" in held
        assert "old text" not in held
        assert "taken back" not in held
        assert texts(await all_of(stand)) == ["new", "newer"]


async def test_a_quiet_tile_forgets_too(stands: Stands, a_second_long: int) -> None:
    async with stands() as stand:
        for cell in CELLS[:3]:
            for who in ("alice", "bob"):
                await append_text(stand, f"old text of {who}", who=who, cell=cell)
        one = await append_text(stand, "old text taken back")
        await stand.history.remove([HOME_TILE], one.id, "alice")
        await stand.pass_ms(a_second_long)
        new = await append_text(stand, "new", who="charlie", cell=THERE)
        await stand.history.trim()
        held = await stand.everything()
        for word in ("old text", "ref-of-old", "Alice", "Bob", HERE, one.id):
            assert word not in held
        assert await all_of(stand, OUT_TILE) == [new]
        assert not (await stand.history.append(draft("new", who="charlie", cell=THERE))).fresh


async def test_trimming_takes_nothing_that_lives(stands: Stands) -> None:
    async with stands() as stand:
        sent = [await append_text(stand, f"text {number}") for number in range(5)]
        await stand.history.remove([HOME_TILE], sent[0].id, "alice")
        before = await stand.everything()
        await stand.history.trim()
        assert texts(await all_of(stand)) == [f"text {number}" for number in range(1, 5)]
        if isinstance(stand, RedisStand):
            assert stream_key(HOME_TILE) in before
            assert refs_key(HOME_TILE) in await stand.everything()
        for number in range(5):
            assert not (await stand.history.append(draft(f"text {number}"))).fresh


async def test_a_tile_is_trimmed_again_and_again(stands: Stands, a_second_long: int) -> None:
    async with stands() as stand:
        for round_ in range(2):
            await append_text(stand, f"text {round_}")
            await stand.pass_ms(a_second_long // 2)
            await append_text(stand, f"later text {round_}")
            await stand.pass_ms(a_second_long // 2)
            await stand.history.trim()
            held = await stand.everything()
            assert f"'text {round_}'" not in held
            assert f"'later text {round_}'" in held
            await stand.pass_ms(a_second_long // 2)
            await stand.history.trim()
            assert "text" not in (await stand.everything()).replace("'text'", "")


async def test_a_tile_that_was_trimmed_empty_begins_again(
    stands: Stands, a_second_long: int
) -> None:
    async with stands() as stand:
        one = await append_text(stand, "one")
        await stand.pass_ms(a_second_long)
        await stand.history.trim()
        two = await stand.history.append(draft("two"))
        assert two.previous <= one.at < two.at
        assert texts((await stand.history.after({HOME_TILE: one.at})).entries[HOME_TILE]) == ["two"]


async def test_one_trim_clears_many_tiles_and_long_ones(redis_url: str) -> None:
    async with redis_stand(redis_url) as stand:
        tiles = [tile_of(cell_at(10.0, step / 50)) for step in range(TRIM_TILES + 5)]
        assert len({*tiles}) == len(tiles)
        old = await stand.history.now_ms() - HALF_HOUR_MS - 1000
        for tile in tiles:
            await stand.client.xadd(stream_key(tile), {"person": "a", "ref": "r"}, id=f"{old}-0")
            await stand.client.zadd("history:due", {tile: old + HALF_HOUR_MS})
        await stand.keep_old(2 * TRIM_ENTRIES + 10)
        await append_text(stand, "new")
        await stand.history.trim()
        held = await stand.everything()
        assert "old text" not in held
        assert "old-ref" not in held
        assert [await stand.client.xlen(stream_key(tile)) for tile in tiles] == [0] * len(tiles)
        assert await stand.client.zrange("history:due", 0, -1) == [HOME_TILE]
        assert texts(await all_of(stand)) == ["new"]


async def test_what_nobody_has_trimmed_yet_hides_nothing(redis_url: str) -> None:
    async with redis_stand(redis_url) as stand:
        old = await stand.keep_old(2 * AFTER_COUNT + 100)
        assert await all_of(stand) == []
        await append_text(stand, "new", cell=THERE)
        new = await append_text(stand, "new")
        for last in (BEGINNING, old[50]):
            reading = await stand.history.after({HOME_TILE: last, OUT_TILE: BEGINNING})
            assert reading.entries[HOME_TILE] == [new]
            assert texts(reading.entries[OUT_TILE]) == ["new"]
        assert await all_of(stand) == [new]


async def test_in_redis_a_tile_that_nobody_trims_is_gone_a_minute_after_its_last_message(
    redis_url: str,
) -> None:
    async with redis_stand(redis_url) as stand:
        one = await append_text(stand, "one")
        await expiring(stand)
        await stand.history.remove([HOME_TILE], one.id, "alice")
        await expiring(stand)


async def expiring(stand: RedisStand) -> None:
    keys = [key async for key in stand.client.scan_iter() if key != "history:due"]
    assert {stream_key(HOME_TILE), refs_key(HOME_TILE)} <= {*keys}
    for key in keys:
        left_ms = await stand.client.pttl(key)
        assert left_ms != -1
        assert left_ms <= HALF_HOUR_MS + 60_000
