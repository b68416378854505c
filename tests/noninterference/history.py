"""All that happens in a world: who comes, what happens for certain, and all acts by chance."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from tests.noninterference.acts import ACTS, begin, enter_voice, move, put_away, reach, speak_afar
from tests.noninterference.certain import certain_acts

if TYPE_CHECKING:
    from tests.noninterference.world import LedWorld

PAUSES_S = (0.003, 0.04, 0.3, 1.0, 4.0, 9.0, 20.0)
# How many acts by chance a history that is cut has: it is what the whole one begins with.
EARLY = 25
# How many put the page away in a history of absences.
ABSENCES = 4


async def history(world: LedWorld, seed: int, *, cut: bool = False) -> None:
    """All come, then all acts, in an order by chance. Who left comes anew."""
    rng = random.Random(f"acts of {seed}")
    for one in world.visitors:
        await begin(world, one, rng)
        await asyncio.sleep(0.7)
    for one in world.visitors:
        await enter_voice(world, one, rng)
    await speak_afar(world, rng)
    await certain_acts(world, random.Random(f"certain acts of {seed}"))
    acts = [act for act, count in ACTS.items() for _ in range(count)]
    for turn, act in enumerate(rng.sample(acts, len(acts))):
        if turn == EARLY:
            await world.record_kept("early")
            if cut:
                return
        one = rng.choice(world.visitors)
        world.note_act(one, act.__name__)
        await act(world, one, rng)
        await asyncio.sleep(rng.choice(PAUSES_S) + rng.random() / 100)
        if not (one.socket and one.socket.open) and rng.random() < 0.3:
            await begin(world, one, rng)


async def absences(world: LedWorld, seed: int) -> None:
    """All come, and then one after the other puts the page away, and the others go about."""
    rng = random.Random(f"absences of {seed}")
    for one in world.visitors:
        await begin(world, one, rng)
        await enter_voice(world, one, rng)
    for one in rng.sample(world.visitors, ABSENCES):
        for act in rng.choices((move, reach), k=2):
            await act(world, rng.choice(world.visitors), rng)
        await put_away(world, one, rng)
