"""The frames of people say the same in both forms, in few bytes, and are rendered once."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presence.delivery import Form, fragments, panel
from presence.delivery.fragments import fragment
from presence.geo import RADIUS_STOPS_M, cell_at, label_m, label_of
from presence.roster import SHOWN_MAX, Entry, Listing, Nearby, apply, difference
from presence.roster.nearby import Neighbour
from presence.values import Person, Place
from tests.support.client import frames_of_html

CELL = cell_at(52.52, 13.4)
LABELS_M = sorted({label_m(metres) for metres in range(2001)})
NAMES = ["Ana", "Quiet Heron", "<b>&amp;", "'\"{count}%s", "中村 é", "{{ nearby.count }}"]
# What a person's row may weigh in the page's form, with a name of twelve letters.
ROW_MAX = 120


@st.composite
def readers_views(draw: st.DrawFn) -> Listing:
    """Some people under some labels, as one reader sees them."""
    radius_m = draw(st.sampled_from([*RADIUS_STOPS_M, 333, 1999]))
    some = st.sampled_from([far for far in LABELS_M if far <= radius_m])
    fars = sorted(draw(st.lists(some, max_size=20) | st.lists(some, min_size=50, max_size=80)))
    names = [draw(st.sampled_from(NAMES)) for _ in fars[:SHOWN_MAX]]
    shown = [
        Neighbour(far, f"id-{turn:02}", Person(f"id-{turn:02}", name), draw(st.booleans()))
        for turn, (far, name) in enumerate(zip(fars, names, strict=False))
    ]
    return Listing.of(Nearby(Place(CELL, radius_m), tuple(shown), Counter(fars)))


Told = tuple[str, str, str, int, str]


def fields_of(entries: Any) -> list[Told]:
    return [
        (one["person_id"], one["username"], one["distance"], one["metres"], one.get("voice", ""))
        for one in entries
    ]


def due(entries: Any) -> list[Told]:
    return [
        (one.person_id, one.name, label_of(one.label_m), one.label_m, "open" if one.is_open else "")
        for one in entries
    ]


def totals_of(words: str) -> dict[int, int]:
    return dict(tuple(map(int, one.split(":"))) for one in words.split())  # type: ignore[misc]


@settings(deadline=None)
@given(readers_views())
def test_the_page_and_a_json_client_are_told_of_the_same_people(view: Listing) -> None:
    frame = json.loads(panel.people(Form.JSON, 7, view, 500).text)
    assert {*frame} == {"type", "version", "count", "people"}
    (page,) = frames_of_html(panel.people(Form.HTML, 7, view, 500).text)
    for one in (frame, page):
        assert (one["type"], one["version"], one["count"]) == ("people", 7, view.count)
        assert fields_of(one["people"]) == due(view.people.values())
    assert totals_of(page["totals"]) == view.totals
    assert page["html"]["data-radius"] == "500"


@settings(deadline=None)
@given(readers_views(), readers_views())
def test_a_change_says_what_differs_and_nothing_else_in_both_forms(
    before: Listing, after: Listing
) -> None:
    change = difference(before, after)
    assert apply(before, change) == after
    assert bool(change) == (before != after)
    frame = json.loads(panel.people_changed(Form.JSON, 8, change).text)
    (page,) = frames_of_html(panel.people_changed(Form.HTML, 8, change).text)
    for one in (frame, page):
        assert (one["type"], one["version"]) == ("people.changed", 8)
        assert (one["count"], tuple(one["left"])) == (after.count, change.left)
        assert fields_of(one["came"] + one["changed"]) == due(change.came + change.changed)
    assert {*frame} == {"type", "version", "count", "came", "left", "changed"}
    assert totals_of(page["totals"]) == change.totals
    same = before.people.items() & after.people.items()
    assert not {one.person_id for _, one in same} & change.person_ids


def test_a_row_speaks_no_language_and_is_small() -> None:
    row = panel.row(300, "0123456789abcdef", "Quiet Herons")
    assert len(row) <= ROW_MAX
    assert "300 m" not in row
    assert "svg" not in row


def test_a_door_that_is_not_open_is_no_word_and_no_byte_of_a_row() -> None:
    row = panel.row(300, "0123456789abcdef", "Ana")
    assert panel.row(300, "0123456789abcdef", "Ana", True) == row.replace(">", ' data-v="open">', 1)
    assert "voice" not in panel.entry_json(300, "0123456789abcdef", "Ana")
    assert json.loads(panel.entry_json(300, "0123456789abcdef", "Ana", True))["voice"] == "open"


def test_the_name_of_a_person_is_text_in_their_row() -> None:
    assert "<b>" not in panel.row(0, "0123456789abcdef", "<b>")


def test_templates_are_rendered_once_for_all_people(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = Counter[str]()

    def counted(name: str, context: dict[str, Any]) -> str:
        rendered[name] += 1
        return fragment(name, context)

    monkeypatch.setattr(fragments, "fragment", counted)
    panel._compiled.cache_clear()
    panel.row.cache_clear()
    for turn in range(100):
        entries = [Entry(far, f"{turn}-{far}", "Ana") for far in LABELS_M]
        view = Listing({one.person_id: one for one in entries}, Counter(LABELS_M))
        panel.people(Form.HTML, turn, view, 500)
        panel.people_changed(Form.HTML, turn, difference(Listing({}, {}), view))
    assert rendered == {"_people.html": 1, "_people_changed.html": 1, "_person.html": 1}
