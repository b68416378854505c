"""What a person does costs by who is near, whoever else is on this process."""

from collections.abc import Awaitable, Callable

import pytest
from pytest_django.fixtures import Settings

from chat.history import MemoryHistory
from neartalk.background import Background
from presence.geo import cell_at
from presence.hub.presence_broadcaster import SOON_S
from presence.registry import MemoryRegistry
from presence.values import Place
from tests.support.instruction_counts import counting_instructions
from tests.support.processes import (
    BESIDE,
    HERE,
    LoopClock,
    PageSocket,
    Process,
    never,
    person,
    running,
    settled,
)

NEAR = 20
FEW, MANY = 20, 2000


class CrowdedProcess:
    """A process with people near the one who acts, and others far apart from all of them."""

    def __init__(self) -> None:
        self.registry = MemoryRegistry(lambda: 1_700_000_000_000)
        self.process = Process(self.registry, MemoryHistory(lambda: 1_700_000_000_000))

    async def gather(self, elsewhere: int) -> None:
        for turn in range(elsewhere):
            far = Place(cell_at(-50 + turn // 40, turn % 40), 500)
            await self.join("Far", far)
        for turn in range(NEAR):
            await self.join("Near", (HERE, BESIDE)[turn % 2])

    async def join(self, name: str, place: Place) -> PageSocket:
        return await self.process.join(await person(self.registry, name, place))

    async def move(self, socket: PageSocket, place: Place) -> None:
        hub = self.process.hub
        hub.announce(await self.registry.place(socket.session.digest, place, hub.process))

    async def count_instructions(self, act: Callable[[], Awaitable[object]]) -> int:
        with counting_instructions() as steps:
            await act()
            await settled(self.process)
        return steps.count


async def costs(elsewhere: int) -> dict[str, int]:
    crowd = CrowdedProcess()
    async with running(crowd.process):
        await crowd.gather(elsewhere)
        time = LoopClock()
        await time.pass_s(60)
        walker = await person(crowd.registry, "Walker", HERE)
        sockets: list[PageSocket] = []

        async def join() -> None:
            sockets.append(await crowd.process.join(walker))

        async def leave() -> None:
            crowd.process.hub.exit(sockets[0])

        # Twice: what is found out once and kept is not there the first time.
        for _ in range(2):
            sockets.clear()
            found = {
                "join": await crowd.count_instructions(join),
                "speak": await crowd.count_instructions(
                    lambda: crowd.process.send_text(sockets[0], "Hello")
                ),
                "show": await crowd.count_instructions(lambda: time.pass_s(SOON_S + 5)),
                "move": await crowd.count_instructions(lambda: crowd.move(sockets[0], BESIDE)),
                "return": await crowd.count_instructions(lambda: crowd.move(sockets[0], HERE)),
                "leave": await crowd.count_instructions(leave),
            }
            await time.pass_s(60)
    return found


async def test_what_a_person_does_costs_the_same_however_many_sockets_are_elsewhere(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(Background, "_round", never)
    settings.RATE_LIMITS_SCALE = 100_000
    few, many = await costs(FEW), await costs(MANY)
    # Ids are random, and so is the order they are kept in: that alone may differ.
    assert many == pytest.approx(few, rel=0.01)
