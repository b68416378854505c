"""The page of somebody whose device says other things of where it is, in the same cells: it sends,
keeps and shows the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.browser.conftest import launched
from tests.noninterference.page_files import Assets, both_pages
from tests.noninterference.page_world import DEVICES, page_faults, visit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def visits(chromium: str) -> list[dict[str, Any]]:
    assets, pages = Assets(), both_pages()
    with launched(chromium) as browser:
        return [visit(browser, device, pages, assets) for device in DEVICES]


def test_a_page_sends_keeps_and_shows_the_same_whatever_the_device_says_below_the_cell(
    visits: list[dict[str, Any]],
) -> None:
    assert page_faults(*visits) == []


def test_a_visit_has_all_that_one_does(visits: list[dict[str, Any]]) -> None:
    done = json.dumps(visits[0])
    for act in ("location/update", "chat.send", "/api/report", "username", "voice.join"):
        assert act in done
    assert done.count("location/update?near=") > 3
