"""A room without a browser: three clients with open doors hear each other, and nobody knocked."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tests.support.client import elsewhere
from tests.support.waiting import deadline
from tests.voice.aiortc_peer import AiortcPeer, aiortc_peer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Serve
    from tests.support.turn import Turn

# The tone is at -12 dB; silence is far below.
SOUND_DB = -30


def connected(peer: AiortcPeer) -> int:
    return sum(call.pc.connectionState == "connected" for call in peer.calls.values())


async def test_three_with_open_doors_hear_each_other_through_the_relay(
    turn: Callable[..., Turn], serve: Serve
) -> None:
    relay = turn(open_to_loopback=True)
    at = {"TURN_URLS": relay.url, "TURN_SECRET": relay.secret, "VOICE_NETWORKS": "127.0.0.1/32"}
    server, spot = serve("uvicorn", at), elsewhere()
    async with AsyncExitStack() as stack:
        room = [
            await stack.enter_async_context(
                aiortc_peer(server, spot, name, lambda own: True, "open")
            )
            for name in ("Ana", "Bo", "Cem")
        ]
        async with deadline("each is connected with both others"):
            while [*map(connected, room)] != [2, 2, 2]:
                await room[0].expect_sound(SOUND_DB)
        for one in room:
            await one.expect_sound(SOUND_DB)
