"""What processes tell each other: how hints leave, and what becomes of lost ones."""

import asyncio

from presence.delivery.coalescer import WINDOW_S
from presence.hub.hints import PROCESSES, WAITING_MAX
from tests.presence.process_pair import process_pair
from tests.support.processes import BESIDE, HERE, LoopClock, Stop, person, turns

WINDOW_OVER = WINDOW_S + 0.001


async def test_hints_wait_for_one_another_and_leave_together_by_tile() -> None:
    async with process_pair() as place:
        assert place.first.layer
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.second.come(await person(place.registry, "Bob", HERE))
        await place.settle()
        time = LoopClock()
        place.wire.sent.clear()
        stop = place.first.layer.stops["group_send"] = Stop()
        await place.first.send_text(alice, "1")
        await stop.arrived()
        for text in ("2", "3"):
            await place.first.send_text(alice, text)
        stop.open.set()
        await place.settle()
        await time.pass_s(WINDOW_OVER)
        each = [[hint["fields"]["text"] for hint in sent["each"]] for _, sent in place.wire.sent]
        assert each == [["1"], ["2", "3"]]
        assert bob.page.texts == ["1", "2", "3"]


async def test_nobody_is_told_anything_while_there_is_only_one_process() -> None:
    async with process_pair() as place:
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        await place.settle()
        place.wire.sent.clear()
        await place.first.send_text(alice, "1")
        await place.settle()
        assert place.wire.sent == []
        bob = await place.second.come(await person(place.registry, "Bob", BESIDE))
        await place.settle()
        await place.first.send_text(alice, "2")
        await place.settle()
        await LoopClock().pass_s(WINDOW_OVER)
        assert bob.page.texts == ["1", "2"]
        began = place.first.hub.hints.group(PROCESSES)
        assert [group for group, _ in place.wire.sent if group == began] == [began]


async def test_a_layer_that_hangs_costs_no_memory() -> None:
    async with process_pair() as place:
        await place.first.come(await person(place.registry, "Alice", HERE))
        await place.second.hub.start()
        await place.settle()
        assert place.first.layer
        stop = place.first.layer.stops["group_send"] = Stop()
        place.first.hub.hints.publish("u33db2", {"type": "test"})
        await stop.arrived()
        for _ in range(2 * WAITING_MAX):
            place.first.hub.hints.publish("u33db2", {"type": "test"})
        assert sum(map(len, place.first.hub.hints.waiting.values())) == WAITING_MAX
        stop.open.set()
        place.wire.groups.clear()
        await place.settle()


async def test_a_layer_that_fails_loses_hints_and_nothing_else() -> None:
    async with process_pair() as place:
        assert place.first.layer
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.second.come(await person(place.registry, "Bob", HERE))
        await place.settle()

        async def lost(group: str, hints: object) -> None:
            raise ConnectionError

        sends, place.first.layer.group_send = place.first.layer.group_send, lost  # type: ignore[method-assign]
        await place.first.send_text(alice, "nobody was told")
        await place.settle()
        place.first.layer.group_send = sends  # type: ignore[method-assign]
        time = LoopClock()
        await place.first.send_text(alice, "told again")
        await place.settle()
        await time.pass_s(WINDOW_OVER)
        assert bob.page.texts == ["nobody was told", "told again"]


async def test_a_process_that_ends_has_told_the_others_what_it_acked() -> None:
    async with process_pair() as place:
        assert place.first.layer
        alice = await place.first.come(await person(place.registry, "Alice", HERE))
        bob = await place.second.come(await person(place.registry, "Bob", HERE))
        await place.settle()
        stop = place.first.layer.stops["group_send"] = Stop()
        await place.first.send_text(alice, "the last one")
        ending = asyncio.create_task(place.first.hub.finish())
        await stop.arrived()
        await turns()
        assert not ending.done()
        stop.open.set()
        await ending
        await place.settle()
        assert bob.page.texts == ["the last one"]
