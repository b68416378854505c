"""What processes tell each other: how hints leave, and what becomes of lost ones."""

import asyncio

import pytest

from neartalk.codes import Refused
from presence.delivery.window import WINDOW_S
from presence.hub.groups import unknown_when_layer_lost
from presence.hub.hints import PROCESSES, WAITING_MAX
from tests.presence.process_pair import process_pair
from tests.support.processes import BESIDE, HERE, LoopClock, Stop, person, turns

WINDOW_OVER = WINDOW_S + 0.001


async def test_hints_wait_for_one_another_and_leave_together_by_tile() -> None:
    async with process_pair() as pair:
        assert pair.first.layer
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.second.join(await person(pair.registry, "Bob", HERE))
        await pair.settle()
        time = LoopClock()
        pair.wire.sent.clear()
        stop = pair.first.layer.stops["group_send"] = Stop()
        await pair.first.send_text(alice, "1")
        await stop.arrived()
        for text in ("2", "3"):
            await pair.first.send_text(alice, text)
        stop.open.set()
        await pair.settle()
        await time.pass_s(WINDOW_OVER)
        each = [[hint["fields"]["text"] for hint in sent["each"]] for _, sent in pair.wire.sent]
        assert each == [["1"], ["2", "3"]]
        assert bob.page.texts == ["1", "2", "3"]


async def test_nobody_is_told_anything_while_there_is_only_one_process() -> None:
    async with process_pair() as pair:
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        await pair.settle()
        pair.wire.sent.clear()
        await pair.first.send_text(alice, "1")
        await pair.settle()
        assert pair.wire.sent == []
        bob = await pair.second.join(await person(pair.registry, "Bob", BESIDE))
        await pair.settle()
        await pair.first.send_text(alice, "2")
        await pair.settle()
        await LoopClock().pass_s(WINDOW_OVER)
        assert bob.page.texts == ["1", "2"]
        began = pair.first.hub.hints.group(PROCESSES)
        assert [group for group, _ in pair.wire.sent if group == began] == [began]


async def test_a_layer_that_hangs_costs_no_memory() -> None:
    async with process_pair() as pair:
        await pair.first.join(await person(pair.registry, "Alice", HERE))
        await pair.second.hub.start()
        await pair.settle()
        assert pair.first.layer
        stop = pair.first.layer.stops["group_send"] = Stop()
        pair.first.hub.hints.publish("u33db2", {"type": "test"})
        await stop.arrived()
        for _ in range(2 * WAITING_MAX):
            pair.first.hub.hints.publish("u33db2", {"type": "test"})
        assert sum(map(len, pair.first.hub.hints.waiting.values())) == WAITING_MAX
        stop.open.set()
        pair.wire.groups.clear()
        await pair.settle()


async def test_a_host_of_the_layer_that_hangs_holds_up_no_group_of_another() -> None:
    async with process_pair() as pair:
        await pair.first.join(await person(pair.registry, "Alice", HERE))
        await pair.second.hub.start()
        await pair.settle()
        assert pair.first.layer
        hints = pair.first.hub.hints
        stop = pair.first.layer.stops["group_send"] = Stop()
        hints.publish("u33db2", {"type": "test"})
        await stop.arrived()
        pair.wire.sent.clear()
        for _ in range(2):
            hints.publish("u33db3", {"type": "test"})
            await turns()
        assert [group for group, _ in pair.wire.sent] == [hints.group("u33db3")] * 2
        stop.open.set()
        await pair.settle()
        assert len(pair.wire.sent) == 3


async def test_a_layer_that_fails_loses_hints_and_nothing_else() -> None:
    async with process_pair() as pair:
        assert pair.first.layer
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.second.join(await person(pair.registry, "Bob", HERE))
        await pair.settle()

        async def lost(group: str, hints: object) -> None:
            raise ConnectionError

        sends, pair.first.layer.group_send = pair.first.layer.group_send, lost  # type: ignore[method-assign]
        await pair.first.send_text(alice, "nobody was told")
        await pair.settle()
        pair.first.layer.group_send = sends  # type: ignore[method-assign]
        time = LoopClock()
        await pair.first.send_text(alice, "told again")
        await pair.settle()
        await time.pass_s(WINDOW_OVER)
        assert bob.page.texts == ["nobody was told", "told again"]


async def test_a_process_that_ends_has_told_the_others_what_it_acked() -> None:
    async with process_pair() as pair:
        assert pair.first.layer
        alice = await pair.first.join(await person(pair.registry, "Alice", HERE))
        bob = await pair.second.join(await person(pair.registry, "Bob", HERE))
        await pair.settle()
        stop = pair.first.layer.stops["group_send"] = Stop()
        await pair.first.send_text(alice, "the last one")
        ending = asyncio.create_task(pair.first.hub.finish())
        await stop.arrived()
        await turns()
        assert not ending.done()
        stop.open.set()
        await ending
        await pair.settle()
        assert bob.page.texts == ["the last one"]


@pytest.mark.parametrize("why", [RuntimeError("closed"), AttributeError("writelines"), OSError()])
def test_a_layer_whose_connection_ended_under_another_task_is_lost_and_no_fault(
    why: Exception,
) -> None:
    with pytest.raises(Refused) as refused, unknown_when_layer_lost():
        raise why
    assert refused.value.code == "store-unavailable"
