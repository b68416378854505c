"""The people frames, in both forms: a list as it is, and what changed in it.

They speak no language: the page writes labels, counts and rings. A row is rendered once a person.
"""

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from html import escape
from typing import Any

from presence import names
from presence.delivery.fragments import Compiled, compile_template, placeholder, render
from presence.delivery.frames import Form, Frame, dumps
from presence.geo import label_of
from presence.roster import Entry, Listing, ListingChange

# In the row of whoever has an open door, or is away.
OPEN = ' data-v="open"'
AWAY = " data-away"

colour, tag = lru_cache(maxsize=20_000)(names.colour), lru_cache(maxsize=20_000)(names.tag)


def people(form: Form, version: int, listing: Listing, radius_m: int) -> Frame:
    """Everybody whom a reader with this reach is shown."""
    if form is Form.HTML:
        return Frame(people_html(listing, radius_m, version))
    shown = {"type": "people", "version": version, "count": listing.count}
    return Frame(_joined(shown, people=[entry_json(*one) for one in listing.people.values()]))


def people_changed(form: Form, version: int, change: ListingChange) -> Frame:
    """What differs from the version before."""
    if form is Form.HTML:
        return Frame(changed_html(version, change))
    shown = {"type": "people.changed", "version": version, "count": change.count}
    return Frame(
        _joined(
            shown,
            came=[entry_json(*one) for one in change.came],
            left=[dumps(one) for one in change.left],
            changed=[entry_json(*one) for one in change.changed],
        )
    )


# ---- JSON ----------------------------------------------------------------------------------------


def listed(one: Entry) -> dict[str, str | int | bool]:
    """A person as JSON clients are told of them. `metres` are those of the label, never finer.
    `voice` is there of whoever has an open door, `away` of whom only a push reaches."""
    found: dict[str, str | int | bool] = {
        "person_id": one.person_id,
        "username": one.name,
        "distance": label_of(one.label_m),
        "metres": one.label_m,
    }
    if one.is_open:
        found["voice"] = "open"
    if one.is_away:
        found["away"] = True
    return found


@lru_cache(maxsize=20_000)
def entry_json(
    label_m: int, person_id: str, name: str, is_open: bool = False, is_away: bool = False
) -> str:
    return dumps(listed(Entry(label_m, person_id, name, is_open, is_away)))


def _joined(shown: Mapping[str, Any], **lists: Iterable[str]) -> str:
    """An object in JSON, with lists of what is JSON already."""
    each = [f'"{name}":[{",".join(items)}]' for name, items in lists.items()]
    return f"{dumps(shown)[:-1]},{','.join(each)}}}"


# ---- HTML ----------------------------------------------------------------------------------------


def people_html(listing: Listing, radius_m: int, version: int = 0) -> str:
    """The list for the page. Version 0 is that of an answer to a call: no change follows it."""
    values = {
        "version": str(version),
        "radius": str(radius_m),
        "count": str(listing.count),
        "totals": _totals(listing.totals),
        "rows": _rows(listing.people.values()),
    }
    return render(_compiled("_people.html", "people", *values), values)


def changed_html(version: int, change: ListingChange) -> str:
    values = {
        "version": str(version),
        "count": str(change.count),
        "totals": _totals(change.totals),
        "left": " ".join(change.left),
        "rows": _rows((*change.came, *change.changed)),
    }
    return render(_compiled("_people_changed.html", "change", *values), values)


def _rows(entries: Iterable[Entry]) -> str:
    return "".join([row(*one) for one in entries])


def _totals(totals: Mapping[int, int]) -> str:
    """Counts by the metres of their label: "0:48 200:15"."""
    return " ".join([f"{far}:{total}" for far, total in sorted(totals.items())])


@lru_cache(maxsize=20_000)
def row(
    label_m: int, person_id: str, name: str, is_open: bool = False, is_away: bool = False
) -> str:
    """One person's row: the same for every reader to whom they are equally far."""
    values = {
        "label_m": str(label_m),
        "person_id": person_id,
        "name": escape(name),
        "tag": tag(person_id),
        "colour": str(colour(person_id)),
        "voice": OPEN if is_open else "",
        "away": AWAY if is_away else "",
    }
    return render(_compiled("_person.html", "person", *values), values)


@cache
def _compiled(template: str, name: str, *fields: str) -> Compiled:
    """A template whose one value has these fields, all left open."""
    return compile_template(template, {name: {field: placeholder(field) for field in fields}})
