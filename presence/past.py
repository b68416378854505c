"""Pure: from where a person is shown what was said before.

Reaching further and less again, somebody could tell for each old message between which two of ten
reaches it was said. So at one place the past is read at two reaches only: the one that somebody
came with and the first other one that they chose there. With another they are shown of it what the
largest of those two shows that is no larger; with one below both, nothing.

What they are told a distance of is not the past: it was said while they were listed there. What was
said while they were gone from the lists and their place held is judged by the reach of that time;
with one below that they are shown nothing of it.
"""

from presence.values import Place, Session


def judged_from(session: Session, sent_ms: int) -> Place | None:
    """The place by whose range it is judged whether a person is shown what was said then; None
    where they are not, wherever it was said."""
    place = session.person.place
    if session.in_cell_at(sent_ms) or sent_ms >= session.placed_ms:
        return place
    timing, known = session.timing, session.timing.reaches
    if sent_ms >= timing.moved_ms:
        held = (one for one in timing.reached if one.since_ms <= sent_ms < one.until_ms)
        known = tuple(one.radius_m for one in held)
    reaches = [one for one in known if one <= place.radius_m]
    return place._replace(radius_m=max(reaches)) if reaches else None
