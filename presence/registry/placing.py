"""Pure: a session in its next place, and where its person lingers after one."""

from dataclasses import replace

from django.conf import settings

from presence.place_clock import Draw, advance, request
from presence.registry.contract import RECENT_TILES_MAX, trail_ms
from presence.values import HTTP_ONLY_MS, Left, Person, Place, Reached, Session, Timing

# Whoever was told of people is shown to them for 30 s: as long, and what it takes until they are
# sent their list.
SEEN_MS = 36_000
REACHES_MAX = 2
# How many reaches of before are remembered at a place.
REACHED_MAX = 8


def placed_at(session: Session, place: Place, timing: Timing, process: str, at_ms: int) -> Session:
    """The session in its next place. With no process its person is shown for a minute."""
    before = session.person
    person = before.changed(
        cell=place.cell,
        radius_m=place.radius_m,
        roughness=place.roughness,
        version=before.version + 1,
        process=process,
        until_ms=0 if process else at_ms + HTTP_ONLY_MS,
        door=before.door if process else 0,
    )
    # Whoever was listed nowhere comes anew.
    was_here = before.place.site == place.site and is_listed(before, at_ms)
    moved = bool(before.cell) and before.tile != person.tile
    left = (Left(before.tile, at_ms),) if moved else ()
    fresh = tuple(one for one in session.recent_tiles if one.left_ms > at_ms - trail_ms())
    return replace(
        session,
        person=person,
        placed_ms=session.placed_ms if before.place == place else at_ms,
        cell_ms=session.cell_ms if was_here else at_ms,
        recent_tiles=(*fresh, *left)[-RECENT_TILES_MAX:],
        timing=with_reach(reached(session, place, timing, at_ms), place.radius_m),
    )


def in_effect(session: Session, place: Place | None, at_ms: int) -> tuple[Place, Timing]:
    """A place takes effect now, whatever waits; with None it is the one that does by its time."""
    if place is None:
        return advance(session.person.place, session.timing, at_ms)
    same = place.site == session.person.place.site
    return place, session.timing._replace(pending=None) if same else Timing(at_ms)


def after_telling(session: Session, asked: Place, at_ms: int, draw: Draw) -> tuple[Place, Timing]:
    """The place in effect once another was told."""
    return request(*in_effect(session, None, at_ms), asked, at_ms, draw)


def with_reach(timing: Timing, radius_m: int) -> Timing:
    """The past is read at the reach that somebody came with and at the first other one."""
    if radius_m in timing.reaches or len(timing.reaches) == REACHES_MAX:
        return timing
    return timing._replace(reaches=(*timing.reaches, radius_m))


def reached(session: Session, place: Place, timing: Timing, at_ms: int) -> Timing:
    """Remembers when a reach held: what was said while its person was gone is judged by it."""
    before = session.person.place
    if before.site != place.site or before.radius_m == place.radius_m:
        return timing
    fresh = [one for one in timing.reached if one.until_ms > at_ms - trail_ms()]
    held = Reached(before.radius_m, session.placed_ms, at_ms)
    return timing._replace(reached=(*fresh, held)[-REACHED_MAX:])


def is_listed(person: Person, at_ms: int) -> bool:
    return bool(person.process or person.until_ms > at_ms)


def lingering(
    session: Session, at_ms: int, after: Place | None = None, told_ms: int = 0
) -> Person | None:
    """The person of a session as they stay where they were for a while, now that they are at
    another place or, without one, have left. None for whoever was there long enough, and was told
    of nobody new since `told_ms`."""
    person = session.person
    if not settings.PLACE_CLOCK or not person.cell or not is_listed(person, at_ms):
        return None
    if after and after.cell == person.cell and after.radius_m >= person.radius_m:
        return None
    until_ms = max(session.placed_ms, session.cell_ms, min(told_ms, at_ms)) + SEEN_MS
    if not at_ms < until_ms <= at_ms + SEEN_MS:
        return None
    return person.changed(process="", until_ms=until_ms, lingers=True, door=0)
