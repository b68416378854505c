"""Who is near, drawn: the rows, the dial's rings and the words around them, in both forms."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from presence.frames import Form, Frame, dumps, fragment
from presence.geo import RADIUS_STOPS_M, label
from presence.people import Person
from presence.roster import Nearby
from presence.sockets import Socket

CHAIN_MAX = 8
# The dial: viewBox 328 x 200, you at (12, 100), ten stops at equal steps from 28 to 302.
DIAL_FIRST, DIAL_STEP = 28.0, 274 / 9
MARKS_M = (100, 200, 500, 1000, 2000)
CROWD = 6


class Drawn:
    """Who is near a place, as frames: one for each who is listed, one for all the others."""

    def __init__(self, nearby: Nearby) -> None:
        self.nearby = nearby
        self.listed = {one.person_id for one in nearby.shown}
        self.frames: dict[tuple[Form, str], Frame] = {}

    def frame(self, socket: Socket) -> Frame:
        person_id = socket.person.person_id
        key = (socket.form, person_id if person_id in self.listed else "")
        if key not in self.frames:
            self.frames[key] = people(socket.form, self.nearby.seen_by(person_id))
        return self.frames[key]


def people(form: Form, nearby: Nearby) -> Frame:
    """The people frame for one reader (`nearby` is already `seen_by` them)."""
    return Frame(people_html(nearby) if form is Form.HTML else people_json(nearby))


def people_json(nearby: Nearby) -> str:
    each = [listed(one.person, label(one.label_m)) for one in nearby.shown]
    return dumps({"type": "people", "count": nearby.count, "people": each})


def listed(person: Person, distance: str) -> dict[str, str]:
    return {"person_id": person.person_id, "username": person.name, "distance": distance}


def people_html(nearby: Nearby) -> str:
    return fragment("_people.html", {"nearby": context(nearby), "oob": True})


def context(nearby: Nearby) -> dict[str, Any]:
    """What `_people.html` shows."""
    radius_m = nearby.place.radius_m
    next_stop = next((mark for mark in MARKS_M if mark > radius_m), None)
    return {
        "count": nearby.count,
        "rest": nearby.rest,
        "groups": list(groups(nearby)),
        "chain": [one.person.colour for one in nearby.shown[:CHAIN_MAX]],
        "radius": radius_m,
        "radius_label": metres(radius_m),
        "next_stop": next_stop,
        "next_label": metres(next_stop) if next_stop else "",
        "dial": dial(nearby),
    }


def groups(nearby: Nearby) -> Iterable[dict[str, Any]]:
    """People under their distance label, nearest first."""
    for far, neighbours in groupby(nearby.shown, key=lambda one: one.label_m):
        rows = [row(one.person.person_id, one.person.name) for one in neighbours]
        yield {
            "label": label(far),
            "count": nearby.totals[far],
            "rows": mark_safe("".join(rows)),  # noqa: S308 rows are rendered templates
        }


@lru_cache(maxsize=20_000)
def row(person_id: str, name: str) -> SafeString:
    """One person's row: the same for every reader, whatever the label above it."""
    return mark_safe(fragment("_person.html", {"person": Person(person_id, name)}))  # noqa: S308


def metres(value: int) -> str:
    """A reach in words: "500 m", "1 km", "1.5 km"."""
    return f"{value} m" if value < 1000 else f"{value / 1000:g} km"


def dial(nearby: Nearby) -> SafeString:
    return mark_safe(fragment("_dial.html", {"dial": geometry(nearby)}))  # noqa: S308


def geometry(nearby: Nearby) -> dict[str, Any]:
    """Circles of the dial: a ring's place comes from its label and its turn in it, nothing else."""
    edge = reach_x(nearby.place.radius_m)
    rings: list[dict[str, Any]] = []
    crowds: list[dict[str, Any]] = []
    for far, total in sorted(nearby.totals.items()):
        at = reach_x(max(far, 100)) + (8.2 if far == 0 else 0)
        if total >= CROWD:
            crowds.append({"r": at, "count": total, "x": round(12 + at, 1)})
            continue
        step = 5 if total >= 4 else 7
        inside = [one.person for one in nearby.shown if one.label_m == far]
        first = at - step * (total - 1) / 2
        rings += [
            {"r": round(first + step * turn, 1), "colour": person.colour}
            for turn, person in enumerate(inside)
        ]
    return {
        "edge": edge,
        "labels": words(nearby),
        "rings": rings,
        "crowds": crowds,
        "marks": [{"r": reach_x(at), "beyond": at > nearby.place.radius_m} for at in MARKS_M],
    }


def reach_x(value: float) -> float:
    """Distance on the dial for metres: the stops stand at equal steps, straight lines between."""
    if value <= RADIUS_STOPS_M[0]:
        return DIAL_FIRST * value / RADIUS_STOPS_M[0]
    for step, (low, high) in enumerate(pairwise(RADIUS_STOPS_M)):
        if value <= high:
            return round(DIAL_FIRST + DIAL_STEP * (step + (value - low) / (high - low)), 1)
    return DIAL_FIRST + DIAL_STEP * (len(RADIUS_STOPS_M) - 1)


def words(nearby: Nearby) -> str:
    """The dial for those who do not see it."""
    if not nearby.count:
        return "Nobody in reach"
    each = [
        f"{total} {'right around you' if far == 0 else f'at about {metres(far)}'}"
        for far, total in sorted(nearby.totals.items())
    ]
    return (
        f"{nearby.count} {'person' if nearby.count == 1 else 'people'} in reach: {', '.join(each)}"
    )
