"""The people panel equals what its templates render in one go, whatever was rendered before."""

import json
import re
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from django.template.loader import render_to_string
from hypothesis import given, settings
from hypothesis import strategies as st

from presence.delivery import Form, Socket, dial, fragments, panel
from presence.delivery.fragments import fragment
from presence.geo import RADIUS_STOPS_M, cell_at, label, label_m
from presence.roster import SHOWN_MAX, Nearby
from presence.roster.nearby import Neighbour
from presence.values import Person, Place, Session
from tests.support.html_elements import Element, parse
from tests.support.processes import Page

CELL = cell_at(52.52, 13.4)
LABELS_M = sorted({label_m(metres) for metres in range(2001)})
NAMES = ["Ana", "Quiet Heron", "<b>&amp;", "'\"{count}%s", "中村 é", "{{ nearby.count }}"]


@st.composite
def readers_views(draw: st.DrawFn) -> Nearby:
    """Some people under some labels, as one reader sees them."""
    radius_m = draw(st.sampled_from([*RADIUS_STOPS_M, 333, 1999]))
    some = st.sampled_from([far for far in LABELS_M if far <= radius_m])
    fars = sorted(draw(st.lists(some, max_size=20) | st.lists(some, min_size=50, max_size=80)))
    names = [draw(st.sampled_from(NAMES)) for _ in fars[:SHOWN_MAX]]
    shown = [
        Neighbour(far, f"id-{turn:02}", Person(f"id-{turn:02}", name))
        for turn, (far, name) in enumerate(zip(fars, names, strict=False))
    ]
    return Nearby(Place(CELL, radius_m), tuple(shown), Counter(fars))


def crowd(count: int, far: int = 0) -> Nearby:
    people = [Person(f"person-{turn:04}", "Ana", CELL, 500, 1, "one") for turn in range(count)]
    shown = tuple(Neighbour(far, one.person_id, one) for one in people[: SHOWN_MAX + 1])
    return Nearby(Place(CELL, 500), shown, {far: count} if count else {})


def test_the_number_of_a_crowd_stands_clear_of_the_one_at_the_next_distance() -> None:
    sides = [dial.crowd_y(far) for far in LABELS_M]
    assert all(one != after for one, after in pairwise(sides))


def reader(turn: int, form: Form = Form.HTML) -> Socket:
    return Socket(Session("", Person(f"person-{turn:04}", "Ana", CELL, 500), 0), form, Page())


def tree(html: str) -> list[Any]:
    """The elements of a fragment, whatever space stands between them."""

    def of(element: Element) -> list[Any]:
        parts = [one if isinstance(one, str) else of(one) for one in element.parts]
        return [element.tag, element.attributes, parts]

    return [of(one) for one in parse(re.sub(r">\s+<", "><", html.strip()))]


@settings(deadline=None)
@given(readers_views())
def test_a_frame_is_what_its_templates_say_when_they_are_rendered_in_one_go(view: Nearby) -> None:
    whole = render_to_string("_people.html", {"nearby": panel.context(view), "oob": True})
    assert tree(panel.people_html(view)) == tree(whole)


@settings(deadline=None)
@given(readers_views())
def test_the_page_and_a_json_client_are_told_of_the_same_people(view: Nearby) -> None:
    told = json.loads(panel.people(Form.JSON, view).text)
    assert told == {
        "type": "people",
        "count": view.count,
        "people": [panel.listed(one.person, label(one.label_m)) for one in view.shown],
    }
    count, head, panel_list, *_ = parse(panel.people(Form.HTML, view).text)
    assert count["data-count"] == str(view.count)
    assert head.text.split()[:2] == {0: ["Nobody", "in"], 1: ["1", "person"]}.get(
        view.count, [str(view.count), "people"]
    )
    assert [one.text for one in panel_list.every("name")] == [one.person.name for one in view.shown]
    labels = sorted({one.label_m for one in view.shown})
    assert [[part.text for part in one.children] for one in panel_list.every("group")] == [
        [label(far), str(view.totals[far])] for far in labels
    ]


@settings(deadline=None)
@given(readers_views())
def test_the_dial_has_a_ring_a_person_and_a_number_where_there_are_many(view: Nearby) -> None:
    drawn = next(one for one in parse(panel.people_html(view)) if one.id == "dial-rings")
    few = {far for far, total in view.totals.items() if total < dial.CROWD}
    assert len(drawn.every("person")) == sum(one.label_m in few for one in view.shown)
    assert [one.text for one in drawn.within() if one.tag == "text"] == [
        str(total) for far, total in sorted(view.totals.items()) if far not in few
    ]
    assert drawn.children[0]["aria-label"].startswith(
        f"{view.count} " if view.count else "Nobody in reach"
    )


@pytest.mark.parametrize("form", Form)
def test_each_who_is_listed_misses_only_themselves_and_all_others_read_the_same(form: Form) -> None:
    drawn = panel.RenderedNearby(crowd(1000))
    frames = [drawn.frame(reader(turn, form)) for turn in range(1000)]
    assert len({frame.text for frame in frames[: SHOWN_MAX + 1]}) == SHOWN_MAX + 1
    assert len(set(frames[SHOWN_MAX:])) == 2
    assert frames[SHOWN_MAX].text == frames[999].text
    again = panel.RenderedNearby(crowd(1000))
    assert [again.frame(reader(turn, form)).wire for turn in range(60)] == [
        frame.wire for frame in frames[:60]
    ]


def test_templates_are_rendered_once_a_person_and_never_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rendered = Counter[str]()

    def counted(name: str, context: dict[str, Any]) -> str:
        rendered[name] += 1
        return fragment(name, context)

    for module in (panel, fragments):
        monkeypatch.setattr(module, "fragment", counted)
    for kept in (panel.around, dial.dial, panel.heading, panel.row, panel.link, dial.crowd):
        kept.cache_clear()
    drawn = panel.RenderedNearby(crowd(1000))
    for turn in range(1000):
        drawn.frame(reader(turn))
    assert rendered["_person.html"] == SHOWN_MAX + 1
    assert rendered.total() - rendered["_people_link.html"] == SHOWN_MAX + 1 + 4
    rendered.clear()
    for count in range(900, 1000):
        panel.RenderedNearby(crowd(count)).frame(reader(0))
    assert not rendered
