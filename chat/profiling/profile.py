"""Where the time of a delivery goes: measures each step of the way of a message.

Messages come as a browser sends them, from the consumer on, and leave on loopback. Everything is
kept in memory of its own.
"""

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import Any

from chat import consumers
from chat.consumers import ChatConsumer
from chat.feed import Feed
from chat.history import MemoryHistory
from chat.parts import Chat
from chat.profiling.loopback import LoopbackConnection, open_transports
from chat.profiling.stopwatch import Step, Stopwatch
from neartalk.parts import Platform
from neartalk.server import DirectTransport
from presence import incoming
from presence.delivery import Audience, Coalescer, Form, Socket, coalescer
from presence.geo import CELL_DEGREES, RADIUS_STOPS_M, cell_at
from presence.hub import Hub
from presence.parts import Presence
from presence.registry import MemoryRegistry
from presence.values import Place

REST = "all that is between these steps"
STEPS: tuple[Step, ...] = (
    ("read the frame", incoming, "decode"),
    ("clean the text", consumers, "clean_message"),
    ("keep it in history", MemoryHistory, "append"),
    ("find who hears it", Audience, "_labelled_in_range"),
    ("draw rows, build frames", coalescer, "messages_frame"),
    ("write to its author", DirectTransport, "write_frame"),
    ("write to everyone else", coalescer, "broadcast"),
    (REST, ChatConsumer, "websocket_receive"),
    (REST, Coalescer, "_over"),
)
SOUTH, WEST, COLUMNS = 52.5, 13.3, 20
WORDS = "Does anyone know when the market opens?"


@dataclass(frozen=True)
class Profile:
    """Seconds by step, for so many messages that were so many deliveries."""

    people: int
    cells: int
    messages: int
    deliveries: int
    seconds: dict[str, float]


async def profile(people: int, cells: int, messages: int, rate: float) -> Profile:
    """Lets people send in turn, `rate` messages a second in all.

    Raises RuntimeError if a message was refused: then the seconds are not those of a message.
    """
    platform, registry = Platform.build(), MemoryRegistry()
    hub = Hub(platform, registry)
    history = MemoryHistory()
    feed = Feed(hub, history)
    presence = Presence.of(platform, registry, hub)
    state = {"presence": presence, "chat": Chat(presence, history, feed)}
    stopwatch = Stopwatch()
    deliveries = 0
    async with open_transports(people, platform.backlog) as opened:
        crowd = [
            await seat(hub, LoopbackConnection(one), place(turn, cells))
            for turn, one in enumerate(opened)
        ]
        speakers = [speaker(one, state) for one in crowd]
        with stopwatch.timing(STEPS):
            for turn in range(messages):
                author = turn * 7 % people
                frame = {"type": "chat.send", "text": f"{WORDS} {turn}", "ref": f"{turn:08}"}
                await speakers[author].websocket_receive({"text": json.dumps(frame)})
                heard = hub.audience.in_range_of(crowd[author].place)
                deliveries += sum(len(cohort.live) for cohort in heard)
                await asyncio.sleep(1 / rate)
        kept = sum(len(one.entries) for one in feed.sequencer.timelines.values())
        await hub.stop()
    if kept < messages:
        raise RuntimeError(f"{messages - kept} messages were refused")
    return Profile(
        people, cells, messages, deliveries, {step: stopwatch.seconds[step] for step, _, _ in STEPS}
    )


def place(turn: int, cells: int) -> Place:
    """Everyone in one cell reaches 500 m; over many cells, all stops of the dial are there."""
    row, column = divmod(turn % cells, COLUMNS)
    cell = cell_at(SOUTH + row * CELL_DEGREES, WEST + column * CELL_DEGREES)
    return Place(cell, 500 if cells == 1 else RADIUS_STOPS_M[turn % len(RADIUS_STOPS_M)])


async def seat(hub: Hub, connection: LoopbackConnection, place: Place) -> Socket:
    digest = secrets.token_hex(32)
    await hub.registry.open(digest, "Quiet Heron")
    change = await hub.registry.place(digest, place, hub.process)
    joined = Socket(change.session, Form.HTML, connection)
    await hub.join(joined, None)
    return joined


def speaker(joined: Socket, state: dict[str, Any]) -> ChatConsumer:
    consumer = ChatConsumer()
    consumer.enter({"state": state})
    consumer.socket, consumer.form = joined, joined.form
    return consumer
