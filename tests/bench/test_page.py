"""What a page is sent, counted by piece."""

from __future__ import annotations

from collections import Counter

import pytest

from bench import page
from presence.delivery import panel
from presence.delivery.frames import Form
from presence.roster import Entry, Listing

PEOPLE = {one: Entry(0, one, "Quiet Heron") for one in ("0" * 16, "1" * 16)}


def test_a_list_of_people_is_counted_with_its_rows() -> None:
    frame = panel.people(Form.HTML, 1, Listing(PEOPLE, {0: 2}), 500)
    found: Counter[str] = Counter()
    page.count(found, page_text := panel.people_html(Listing(PEOPLE, {0: 2}), 500, 1))
    assert frame.wire.endswith(page_text.encode())
    assert found["persons"] == 2
    assert found["bytes of persons"] == 2 * len(panel.row(*PEOPLE["0" * 16]).encode())
    assert found["people-list"] == len(page_text.encode())


def test_what_none_came_of_has_no_size() -> None:
    figures = page.figures_of(Counter(all=1_000_000, frames=5), 360)
    assert figures["mb_hour"] == pytest.approx(10)
    assert not {"message_bytes", "person_bytes"} & figures.keys()
