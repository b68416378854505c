"""Charts by the hour: what stands where, and what they say to whoever can't see them."""

from __future__ import annotations

from xml.etree import ElementTree

from neartalk.operators.charts import HEIGHT, ROOM, SLOT, Bar, bars, height, number, steps

SVG = ElementTree.Element


def drawn(*each: Bar, title: str = "People") -> SVG:
    sentence = f"{title}, by the hour, then a week ago."
    return ElementTree.fromstring(bars(sentence, each))  # noqa: S314 of our own


def columns(svg: SVG, kind: str) -> list[tuple[float, float]]:
    """Where bars of a class stand and how tall they are."""
    return [
        (float(rect.attrib["x"]), float(rect.attrib["height"]))
        for rect in svg.iter("rect")
        if rect.attrib["class"] == kind
    ]


def test_each_hour_has_a_bar_as_tall_as_its_share_of_the_most() -> None:
    svg = drawn(Bar("00:00", 50), Bar("01:00", 100), Bar("02:00", 0))
    assert [tall for _, tall in columns(svg, "bar")] == [HEIGHT / 2, HEIGHT, 0]
    assert [left for left, _ in columns(svg, "bar")] == [1.5, SLOT + 1.5, 2 * SLOT + 1.5]


def test_what_it_is_compared_with_counts_for_the_most_too() -> None:
    svg = drawn(Bar("00:00", 50, before=200))
    assert columns(svg, "bar") == [(1.5, HEIGHT / 4)]
    assert steps([0, 200], 200) == f"M0 {ROOM + HEIGHT}H{SLOT}V{ROOM}H{2 * SLOT}"


def test_one_of_a_million_is_still_seen_and_nothing_is_not() -> None:
    assert height(1, 1_000_000) == 1
    assert height(0, 1_000_000) == 0


def test_what_stands_out_has_a_mark_and_a_way_besides_its_colour() -> None:
    svg = drawn(Bar("20:00", 90, 4, far=True, url="/hits?rule=a&hour=20"), Bar("21:00", 5, 4))
    assert len(columns(svg, "bar far")) == 1
    assert [path.attrib["class"] for path in svg.iter("path")].count("far") == 1
    assert svg.attrib["role"] == "group"
    (link,) = svg.iter("a")
    assert link.attrib["href"] == "/hits?rule=a&hour=20"
    assert link.attrib["aria-label"] == "20:00: 90, 4 then, far above usual"


def test_a_chart_says_in_words_what_it_shows() -> None:
    svg = drawn(Bar("00:00", 5, 3), Bar("01:00", 0, 0), Bar("02:00", None, 7))
    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-label"] == (
        "People, by the hour, then a week ago. 00:00: 5, 3 then; 02:00: not told yet, 7 then."
    )
    assert [title.text for title in svg.iter("title")][1] == "01:00: 0, 0 then"
    assert drawn().attrib["aria-label"].endswith("Nothing.")


def test_a_title_is_no_markup_and_nothing_needs_an_inline_style() -> None:
    markup = bars('"><script>', [Bar("<b>", 1, url='"')])
    assert "<script>" not in markup
    assert "<b>" not in markup
    assert "style=" not in markup


def test_numbers_are_written_as_people_write_them() -> None:
    assert [number(value) for value in (0, 999.4, 1234567)] == [
        *("0", "999", "1\u202f234\u202f567"),
    ]
