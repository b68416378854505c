"""Acts that each history has for certain, whatever chance brings: every store fails in both ways,
and an operator decides on a report in every way."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from itertools import product
from typing import TYPE_CHECKING

from tests.noninterference.acts import VERBS, begin, decide_so, signal
from tests.noninterference.failing import FAILING, WHYS

if TYPE_CHECKING:
    from tests.noninterference.visitor import WorldVisitor
    from tests.noninterference.world import LedWorld

# Of one square: they hear each other wherever they stand in it.
SPEAKER, REPORTERS = 2, (3, 4, 5)
# As long as the longest round of a store that is made to fail, and a little.
ROUND_S = 2.2


async def certain_acts(world: LedWorld, rng: random.Random) -> None:
    for turn, (which, why) in enumerate(product(FAILING, WHYS)):
        one = world.visitors[turn % len(world.visitors)]
        world.fail(which, why())
        await MEETS[which](world, one)
        await asyncio.sleep(ROUND_S)
        await return_whole(one)
    for turn, verb in enumerate(dict.fromkeys(VERBS)):
        await answer_report(world, world.visitors[REPORTERS[turn % len(REPORTERS)]], verb)
    speaker = world.visitors[SPEAKER]
    await world.command("unban", speaker.person_id)
    await asyncio.sleep(ROUND_S)
    await begin(world, speaker, rng)


async def return_whole(one: WorldVisitor) -> None:
    """A fault of ours closes a socket."""
    if not (one.socket and one.socket.open):
        await one.open_socket()
    if not (one.signal and one.signal.open):
        await one.open_signal()


async def answer_report(world: LedWorld, reporter: WorldVisitor, verb: str) -> None:
    """A line, a report of it, and a decision. Whoever is mute by then is reported for lines they
    said before."""
    speaker = world.visitors[SPEAKER]
    speaker.send_text(f"Buy all that I sell, at once, before you {verb} it.")
    await asyncio.sleep(0.5)
    asked = {"person_id": speaker.person_id, "reason": "spam", "words": f"One can {verb} that."}
    if theirs := [id for id in reporter.message_ids if id in speaker.acked_ids]:
        asked["message_id"] = theirs[-1]
    await reporter.call("POST", "/api/report", asked)
    await decide_so(world, verb)
    await world.operator.call("GET", "/admin/chat/report/?state=upheld")
    await asyncio.sleep(ROUND_S)


# ---- What meets the store that fails -------------------------------------------------------------

Meets = Callable[["LedWorld", "WorldVisitor"], Awaitable[object]]


async def tell_place(world: LedWorld, one: WorldVisitor) -> None:
    one.place = 1 - min(one.place, 1)
    await one.update_place()


async def read_nearby(world: LedWorld, one: WorldVisitor) -> None:
    await one.call("GET", "/api/nearby")


async def take_name(world: LedWorld, one: WorldVisitor) -> None:
    await one.call("PATCH", "/api/session/username", {"username": f"Another {one.number}"})


async def block_next(world: LedWorld, one: WorldVisitor) -> None:
    other = world.visitors[one.number - 1]
    await one.call("POST", "/api/block", {"person_id": other.person_id})


async def say(world: LedWorld, one: WorldVisitor) -> None:
    one.send_text("Whoever hears this hears it once at most.")


async def call_next(world: LedWorld, one: WorldVisitor) -> None:
    signal(one, "knock", to=world.visitors[one.number - 1].person_id)


async def wait(world: LedWorld, one: WorldVisitor) -> None:
    """A round of the process meets it."""


MEETS: dict[tuple[str, str], Meets] = {
    ("registry", "request_place"): tell_place,
    ("registry", "get"): read_nearby,
    ("registry", "rename"): take_name,
    ("registry", "block"): block_next,
    ("registry", "status"): wait,
    ("history", "append"): say,
    ("callers", "change"): call_next,
    ("allowances", "spend"): take_name,
}
