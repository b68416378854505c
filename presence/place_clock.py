"""Pure: when a told place takes effect, so that nobody is followed by the second.

The first place holds at once. A move takes effect at a moment between 20 and 90 s after it was
told, drawn by chance, and at least 120 s after the last one did. After ten still minutes, and over
more than 1 km, it does within 20 s; but a far one no sooner than 120 s after another move, and what
comes after one that was quicker than that waits as if it had not been. So whoever comes has three
places in four minutes at the earliest: that many show in which block somebody is.

One moment is drawn for all that is told until then. The newest place replaces what waits. It may
put the moment off, until it is 20 s old, but never beyond a limit that was fixed when something
first waited; what is told after that is a move of its own. So telling more often gains nothing, and
delays nothing for ever. Whoever returns before the moment has come has not moved; the moment stays,
so that coming back and leaving again draws no other.

Where sessions of a network look far and wide (`far_moves`), the place in effect holds longer before
a far one. What is near and waits is not put off by it: whoever walks loses nothing.
"""

import random
from collections.abc import Callable

from django.conf import settings

from presence.geo import Cell, Roughness, apart, capped_radius_m, published_cell
from presence.values import PendingPlace, Place, Timing

HOLDS_MS = 120_000
AGE_MS = 20_000
# Rounds of 2 s bring them into effect: after 90 s and 20 s at the latest.
SLOW_MS = AGE_MS, 88_000
QUICK_MS = 0, 18_000
LATEST_MS = 90_000
STILL_MS = 600_000
FAR_M = 1_000
# Further than whoever walks is from their place in effect: their page has told twice since.
WALKED_M = 350

# A number from the first to the second, both included.
Draw = Callable[[int, int], int]
# By what the system has for keys: nobody foresees it.
by_chance: Draw = random.SystemRandom().randint


def advance(place: Place, timing: Timing, now_ms: int) -> tuple[Place, Timing]:
    """The place in effect by now: what waited, once it is due."""
    pending = timing.pending
    if pending is None or (pending.waits(now_ms) and settings.PLACE_CLOCK):
        return place, timing
    late = now_ms >= pending.due_ms + max(HOLDS_MS, pending.next_ms)
    after = pending.next if late and pending.next else pending.place
    following = None if late else pending.next
    if after.site != place.site:
        spaced_ms = max(now_ms, min(timing.moved_ms, now_ms) + HOLDS_MS)
        timing = Timing(now_ms, spaced_ms)
    if following is None or following.site == after.site:
        return after, timing._replace(pending=None)
    held_ms = max(_held_ms(timing, now_ms), min(timing.moved_ms, now_ms) + pending.next_ms)
    due_ms = max(now_ms + AGE_MS, held_ms)
    return after, timing._replace(
        pending=PendingPlace(following, due_ms, due_ms, 0, due_ms + AGE_MS)
    )


def request(
    place: Place, timing: Timing, asked: Place, now_ms: int, draw: Draw, far_holds_ms: int = 0
) -> tuple[Place, Timing]:
    """The place in effect after another was told, with a radius as it was asked for: that holds at
    once, wherever the person is. Something told before is not due by now (`advance`). Before a far
    one the place in effect holds for `far_holds_ms` at least."""
    told = reaching(*asked)
    if not place.cell or not settings.PLACE_CLOCK:
        return told, timing if told.site == place.site else Timing(now_ms)
    here = reaching(place.cell, asked.radius_m, place.roughness)
    if timing.pending is None and told.site == place.site:
        return here, timing
    pending = timing.pending or _begun(told, timing, now_ms, draw)
    if far_holds_ms and is_beyond_a_walk(here, told):
        return here, timing._replace(
            pending=_put_off(here, timing, pending, told, now_ms, draw, far_holds_ms)
        )
    return here, timing._replace(pending=_replaced(here, timing, pending, told, now_ms, draw))


def effective_in_ms(place: Place, timing: Timing, now_ms: int) -> int:
    """Until the place that was told last holds; 0 where it does."""
    pending = timing.pending
    if pending is None or (pending.next or pending.place).site == place.site:
        return 0
    after_ms = max(HOLDS_MS, pending.next_ms) if pending.next else 0
    return max(0, pending.due_ms + after_ms - now_ms)


def is_beyond_a_walk(place: Place, told: Place) -> bool:
    """Whether a told place is further from the one in effect than whoever walks gets."""
    return apart(place.cell, told.cell) > WALKED_M


def reaching(cell: Cell, radius_m: int, roughness: Roughness = Roughness.BLOCK) -> Place:
    """Where somebody is published who is in a cell and asks for a radius."""
    published = published_cell(cell, roughness)
    return Place(published, capped_radius_m(published, radius_m), roughness)


def _begun(told: Place, timing: Timing, now_ms: int, draw: Draw) -> PendingPlace:
    """Something waits where nothing did: draws its moment, and fixes how far it may be put off."""
    if now_ms - timing.moved_ms >= STILL_MS:
        due_ms = now_ms + draw(*QUICK_MS)
        return PendingPlace(told, due_ms, due_ms, 0, due_ms)
    held_ms = _held_ms(timing, now_ms)
    due_ms = max(now_ms + draw(*SLOW_MS), held_ms)
    limit_ms = max(now_ms + LATEST_MS, held_ms + AGE_MS)
    return PendingPlace(told, due_ms, due_ms, 0, limit_ms)


def _held_ms(timing: Timing, now_ms: int) -> int:
    """Until when the place in effect holds whatever is told near it. A clock that was set back
    makes nobody wait longer."""
    moved_ms, spaced_ms = min(timing.moved_ms, now_ms), min(timing.spaced_ms, now_ms + HOLDS_MS)
    return max(moved_ms, spaced_ms) + HOLDS_MS


def _replaced(
    place: Place, timing: Timing, pending: PendingPlace, told: Place, now_ms: int, draw: Draw
) -> PendingPlace:
    """The newest counts."""
    if _is_far(place, told):
        quick_ms = pending.quick_ms
        if quick_ms <= now_ms:
            held_ms = _held_ms(timing, now_ms) if timing.spaced_ms else 0
            quick_ms = max(now_ms + draw(*QUICK_MS), held_ms)
        return pending._replace(place=told, due_ms=quick_ms, quick_ms=quick_ms, next=None)
    if told.site == pending.place.site:
        return pending._replace(place=told, next=None)
    if pending.limit_ms == pending.slow_ms:  # after ten still minutes
        return pending._replace(place=told, due_ms=pending.slow_ms, next=None)
    due_ms = max(pending.slow_ms, now_ms + AGE_MS)
    if due_ms > pending.limit_ms:
        return pending._replace(next=told, next_ms=0)
    return pending._replace(place=told, due_ms=due_ms, next=None)


def _put_off(
    place: Place,
    timing: Timing,
    pending: PendingPlace,
    told: Place,
    now_ms: int,
    draw: Draw,
    far_holds_ms: int,
) -> PendingPlace:
    """A far place waits longer than ever, on its own account: what is near and waits does not."""
    is_near = pending.place.site != place.site and not is_beyond_a_walk(place, pending.place)
    after = pending if is_near else _replaced(place, timing, pending, told, now_ms, draw)
    if is_near or after.next:
        next_ms = far_holds_ms if is_beyond_a_walk(pending.place, told) else 0
        return after._replace(next=told, next_ms=next_ms)
    until_ms = min(timing.moved_ms, now_ms) + far_holds_ms
    if until_ms <= after.due_ms:
        return after
    return after._replace(
        due_ms=until_ms,
        slow_ms=until_ms,
        limit_ms=max(after.limit_ms, until_ms + AGE_MS),
    )


def _is_far(place: Place, other: Place) -> bool:
    return apart(place.cell, other.cell) > FAR_M
