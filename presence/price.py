"""What a session costs: the first of a network nothing, those after them work, and more the more
came from there. Nobody is kept out for sharing an address until the last of its sessions is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from neartalk.codes import Refused
from neartalk.limits import (
    TOTAL_MAX_MS,
    Act,
    Origin,
    Paid,
    Quota,
    Rules,
    life_of,
    narrowest,
    seconds,
    widest_network,
)
from neartalk.parts import Platform
from presence.suspicion import added_ms

# After the free ones so many more at the price of each: in this order, and no others.
STEPS = ("session.price1", "session.price2", "session.price3")
BANNED = "session.banned"
# Where others of the network took the last one between two looks, it is looked at again.
TRIES = 4
NO_END = 1 << 40


@dataclass(frozen=True, slots=True)
class PriceStep:
    """Up to so many sessions of a network cost this much; `rule` says how many they are."""

    rule: str
    price_ms: int
    quota: Quota


@dataclass(frozen=True, slots=True)
class Price:
    """What the next session of a network costs, and what it is counted by."""

    price_ms: int
    quotas: tuple[Quota, ...] = ()


async def allow_session(platform: Platform, origin: Origin, paid: Paid | None = None) -> None:
    """Allows a session to a network: one of its free ones, or one that was paid for.

    A solution counts once, whatever comes of it. Raises Refused: `work-needed`, `work-spent`,
    `too-many-sessions`, `store-unavailable`.
    """
    if paid is None and await _is_free(platform, origin):
        return
    if paid and not await _counts_once(platform, paid):
        raise Refused("work-spent")
    for _ in range(TRIES):
        price = await price_of(platform, origin)
        if price.price_ms > (paid.price_ms if paid else 0):
            break
        if await platform.counts.add(price.quotas):
            return
    raise Refused("work-needed", rule=f"session.{next(iter(origin))}")


async def _counts_once(platform: Platform, paid: Paid) -> bool:
    """Whether a solution is new. A clock that is set meanwhile lets none count twice."""
    return await platform.marks.add(f"paid:{paid.nonce}", 2 * life_of(paid.price_ms))


async def _is_free(platform: Platform, origin: Origin) -> bool:
    """Whether the next session of a network is one of the free ones; then it is counted."""
    if act := _banned_act(platform, origin):
        _, wait_ms = await platform.allowances.spend([act])
        if wait_ms:
            return False
    ladders = ladders_of(origin, platform.rules)
    return await platform.counts.add([steps[0].quota for steps in ladders])


async def price_of(platform: Platform, origin: Origin) -> Price:
    """What the next session of a network costs as things stand. Counts nothing.

    Raises Refused: `too-many-sessions`, `store-unavailable`.
    """
    chosen = [await _step(platform, steps) for steps in ladders_of(origin, platform.rules)]
    price_ms = max((one.price_ms for one in chosen), default=0)
    if _banned_act(platform, origin):
        price_ms = max(price_ms, platform.rules[BANNED].price_ms)
    if price_ms:
        price_ms = min(TOTAL_MAX_MS, price_ms + await added_ms(platform, origin))
    return Price(price_ms, tuple(one.quota for one in chosen))


def ladders_of(origin: Origin, rules: Rules) -> list[list[PriceStep]]:
    """The steps of each network that an address lies in, of those whose sessions are counted."""
    ladders = [
        ladder_of(f"session.{part}", network, widest_network(origin), rules)
        for part, network in origin.items()
    ]
    return [steps for steps in ladders if steps]


def ladder_of(free: str, network: str, beside: str, rules: Rules) -> list[PriceStep]:
    """The steps of a network, the free one first. One that is off has no end and no price, and
    where that is the first of them nothing is counted."""
    steps: list[PriceStep] = []
    most = 0
    for rule in (free, *STEPS):
        limit = rules[rule]
        most += limit.scaled_allowance
        price_ms = limit.price_ms if rule != free else 0
        if not limit.on:
            most, price_ms = NO_END, 0
        period_ms = limit.period_s * 1000
        steps.append(PriceStep(rule, price_ms, Quota(network, period_ms, most, beside)))
    return steps if rules[free].on else []


async def _step(platform: Platform, steps: Sequence[PriceStep]) -> PriceStep:
    """The first step that has room. Raises Refused: `too-many-sessions`."""
    found = await platform.counts.counts([one.quota for one in steps])
    for one, its in zip(steps, found, strict=True):
        if its.times < one.quota.most:
            return one
    wait_ms = min(its.left_ms for its in found)
    raise Refused("too-many-sessions", retry_after=seconds(wait_ms), rule=STEPS[-1])


def _banned_act(platform: Platform, origin: Origin) -> Act | None:
    """What a session spends besides, that pays nothing, where somebody of its network is banned."""
    near = narrowest(origin)
    slowed = near and platform.rules[BANNED].on and platform.sanctions.slowed(near)
    return Act(BANNED, near) if slowed else None
