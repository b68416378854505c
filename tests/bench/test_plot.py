"""The layout of line charts: where lines, labels and decades stand."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from bench.plot import HEIGHT, Line, Panel, Scale, chart, decades, spaced

SVG = "{http://www.w3.org/2000/svg}"


def test_a_scale_is_logarithmic() -> None:
    scale = Scale(1, 100, 0, 200)
    assert [scale.at(value) for value in (1, 10, 100)] == pytest.approx([0, 100, 200])


def test_a_scale_may_run_upwards() -> None:
    assert Scale(1, 100, 300, 100).at(10) == pytest.approx(200)


def test_a_single_value_stands_in_the_middle() -> None:
    assert Scale(10, 10, 0, 100).at(10) == 50


@pytest.mark.parametrize(
    ("values", "powers"),
    [
        ([3, 70], [1, 10, 100]),
        ([10, 1000], [10, 100, 1000]),
        ([5], [1, 10]),
        ([10], [10, 100]),
        ([0.4, 0], [0.1, 1]),
    ],
)
def test_an_axis_has_whole_decades(values: list[float], powers: list[float]) -> None:
    assert decades(values) == pytest.approx(powers)


@pytest.mark.parametrize(
    ("wanted", "placed"),
    [
        ([0, 100], [0, 100]),
        ([50, 50], [45, 55]),
        ([52, 50, 51], [61, 41, 51]),
        ([0, 1, 9], [-6.67, 3.33, 13.33]),
    ],
)
def test_labels_keep_their_order_and_a_gap(wanted: list[float], placed: list[float]) -> None:
    assert spaced(wanted, 10) == pytest.approx(placed, abs=0.01)


def test_a_chart_is_svg_with_every_line_labelled_inside_it() -> None:
    lines = [
        Line("NearTalk", [(10, 20.0), (1000, 8.0)], 0, ours=True),
        Line("nchan & more", [(10, 8.0), (1000, 8.1)], 1),
    ]
    tree = ElementTree.fromstring(chart([Panel("Cost", "listeners", lines)]))  # noqa: S314
    words = {text.text: text for text in tree.iter(f"{SVG}text")}
    assert {"Cost", "listeners", "NearTalk", "nchan & more", "10", "1000"} <= words.keys()
    assert len([*tree.iter(f"{SVG}polyline")]) == 2
    width = float(tree.attrib["viewBox"].split()[2])
    for text in words.values():
        assert 0 < float(text.attrib["x"]) < width
        assert 0 < float(text.attrib["y"]) < HEIGHT


def test_the_dearer_line_is_drawn_higher() -> None:
    lines = [Line("dear", [(1, 100), (10, 100)], 0), Line("cheap", [(1, 1), (10, 1)], 1)]
    tree = ElementTree.fromstring(chart([Panel("Cost", "listeners", lines)]))  # noqa: S314
    heights = [float(dot.attrib["cy"]) for dot in tree.iter(f"{SVG}circle")]
    assert heights[0] < heights[2]
