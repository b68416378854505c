"""Pure: a session in its next place, and where its person lingers after one."""

from dataclasses import replace

from django.conf import settings

from presence.place_clock import Draw, advance, request
from presence.registry.contract import RECENT_TILES_MAX, trail_ms
from presence.values import Left, Person, Place, Session, Timing, unheld_ms

# Whoever was told of people is shown to them for 30 s: as long, and what it takes until they are
# sent their list.
SEEN_MS = 36_000


def placed_at(session: Session, place: Place, timing: Timing, process: str, at_ms: int) -> Session:
    """The session in its next place. With no process its person is shown for a minute, or away."""
    before = session.person
    person = before.changed(
        cell=place.cell,
        radius_m=place.radius_m,
        roughness=place.roughness,
        version=before.version + 1,
        process=process,
        until_ms=0 if process else at_ms + unheld_ms(reachable=before.reachable),
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
        timing=timing,
    )


def in_effect(session: Session, place: Place | None, at_ms: int) -> tuple[Place, Timing]:
    """A place takes effect now, whatever waits; with None it is the one that does by its time."""
    if place is None:
        return advance(session.person.place, session.timing, at_ms)
    same = place.site == session.person.place.site
    return place, session.timing._replace(pending=None) if same else Timing(at_ms)


def after_telling(
    session: Session, asked: Place, at_ms: int, draw: Draw, far_holds_ms: int = 0
) -> tuple[Place, Timing]:
    """The place in effect once another was told."""
    return request(*in_effect(session, None, at_ms), asked, at_ms, draw, far_holds_ms)


def departed(session: Session, at_ms: int) -> Session:
    """The session of somebody whom no process holds any more: gone from the lists, or away there
    for as long as it lives without a sign of life."""
    person = session.person
    away_until_ms = at_ms + unheld_ms(reachable=True) if person.reachable else 0
    changed = person.changed(process="", until_ms=away_until_ms, door=0, version=person.version + 1)
    return replace(session, person=changed)


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
    return person.changed(process="", until_ms=until_ms, lingers=True, door=0, reachable=False)
