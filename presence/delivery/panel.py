"""The people frame: rows, dial and words of who is near, in both forms.

Templates hold the markup. Each is compiled once, or rendered once a person, and cached: a frame is
joined from such pieces.
"""

from functools import lru_cache
from itertools import groupby
from typing import Any

from presence import names
from presence.delivery.dial import CROWD, MARKS_M, crowd, dial, metres, ring, words
from presence.delivery.fragments import (
    Compiled,
    compile_template,
    fragment,
    placeholder,
    render,
    safe,
)
from presence.delivery.frames import Form, Frame, dumps
from presence.delivery.sockets import Socket
from presence.geo import label
from presence.roster import Nearby
from presence.values import Person

CHAIN_MAX = 8

colour = lru_cache(maxsize=20_000)(names.colour)


class RenderedNearby:
    """The people frames of a place: one for each person who is listed, one for all others."""

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
    each = [
        opening(person_id, person.name) + closing(far) for far, person_id, person in nearby.shown
    ]
    empty = dumps({"type": "people", "count": nearby.count, "people": []})
    return f"{empty.removesuffix(']}')}{','.join(each)}]}}"


def listed(person: Person, distance: str) -> dict[str, str]:
    return {"person_id": person.person_id, "username": person.name, "distance": distance}


def people_html(nearby: Nearby) -> str:
    compiled = around(nearby.place.radius_m, min(nearby.count, 2), nearby.rest > 0)
    return render(compiled, pieces(nearby))


def context(nearby: Nearby) -> dict[str, Any]:
    """What the page shows, in the templates that `_people.html` puts together."""
    drawn, radius_m = pieces(nearby), nearby.place.radius_m
    return {
        **reach(radius_m),
        "count": nearby.count,
        "rest": nearby.rest,
        "groups": safe(drawn["groups"]),
        "chain": safe(drawn["chain"]),
        "dial": safe(render(dial(radius_m), drawn)),
    }


def reach(radius_m: int) -> dict[str, Any]:
    next_stop = next((mark for mark in MARKS_M if mark > radius_m), None)
    return {
        "radius": radius_m,
        "radius_label": metres(radius_m),
        "next_stop": next_stop,
        "next_label": metres(next_stop) if next_stop else "",
    }


def pieces(nearby: Nearby) -> dict[str, str]:
    """What `around`, with the `dial` in it, leaves open."""
    inside = {
        far: [one.person for one in neighbours]
        for far, neighbours in groupby(nearby.shown, key=lambda one: one.label_m)
    }
    totals = sorted(nearby.totals.items())
    crowds = [render(crowd(far), {"count": str(n)}) for far, n in totals if n >= CROWD]
    rings = [
        ring(far, total, turn, colour(person.person_id))
        for far, total in totals
        if total < CROWD
        for turn, person in enumerate(inside.get(far, ()))
    ]
    return {
        "count": str(nearby.count),
        "rest": str(nearby.rest),
        "groups": "".join([group(nearby, far, people) for far, people in inside.items()]),
        "chain": "".join([link(colour(one.person_id)) for one in nearby.shown[:CHAIN_MAX]]),
        "words": words(nearby.count, totals),
        "rings": "".join(rings),
        "crowds": "".join(crowds),
    }


def group(nearby: Nearby, far: int, people: list[Person]) -> str:
    """People under their distance label."""
    rows = "".join([row(person.person_id, person.name) for person in people])
    return render(heading(far), {"count": str(nearby.totals[far]), "rows": rows})


# ---- Templates, each rendered once ---------------------------------------------------------------


@lru_cache(maxsize=1024)
def around(radius_m: int, count: int, rest: bool) -> Compiled:
    """Everything around the rows. A count of 2 stands for all above: words tell one from many."""
    nearby = {
        **reach(radius_m),
        "count": placeholder("count") if count > 1 else count,
        "rest": rest and placeholder("rest"),
        "groups": count and placeholder("groups"),
        "chain": count and placeholder("chain"),
        "dial": safe("\0".join(dial(radius_m))),
    }
    return compile_template("_people.html", {"nearby": nearby, "oob": True})


@lru_cache
def heading(far: int) -> Compiled:
    shown = {"label": label(far), "count": placeholder("count"), "rows": placeholder("rows")}
    return compile_template("_people_group.html", shown)


@lru_cache(maxsize=20_000)
def row(person_id: str, name: str) -> str:
    """One person's row: the same for every reader, whatever the label above it."""
    return fragment("_person.html", {"person": Person(person_id, name)}).strip()


@lru_cache
def link(colour: int) -> str:
    return fragment("_people_link.html", {"colour": colour}).strip()


# ---- JSON ----------------------------------------------------------------------------------------


@lru_cache(maxsize=20_000)
def opening(person_id: str, name: str) -> str:
    """One person up to their distance, which follows as `closing`."""
    return dumps({"person_id": person_id, "username": name})[:-1]


@lru_cache
def closing(far: int) -> str:
    return f",{dumps({'distance': label(far)})[1:]}"
