"""The page of somebody whose device says other things of where it is, in the same cells: it sends,
keeps and shows the same."""

from __future__ import annotations

import json
import mimetypes
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import RequestFactory

from neartalk.models import Reason
from presence.delivery import panel, safe
from presence.geo import RADIUS_STOPS_M
from presence.values import Person
from tests.browser.conftest import launched
from tests.noninterference.oracles import around, first_difference
from tests.noninterference.page_world import BESIDE_BOB, DEVICES, OWN, visit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The two pages as the server has them, for somebody who stands beside Bob."""
    near = {
        "me": Person(OWN, "Guest"),
        "renames_left": 3,
        "renames_allowed": 3,
        "same_name": 1,
        "error": "",
        "attempt": "",
        "people": safe(panel.people_html(BESIDE_BOB, 500)),
        "radius": 500,
        "roughness": "block",
        "effective_in": 0,
        "stops": RADIUS_STOPS_M,
        "stop": 5,
        "life_minutes": 30,
        "life_ms": 1_800_000,
        "reasons": Reason.choices,
        "evidence_days": 30,
    }
    shown: dict[str, tuple[str, dict[str, Any]]]
    shown = {"/": ("welcome.html", {}), "/near": ("near.html", near)}
    return {
        path: render_to_string(template, context, RequestFactory().get(path))
        for path, (template, context) in shown.items()
    }


class Assets(dict[str, tuple[bytes, str]]):
    """Static files by their addresses."""

    def __missing__(self, path: str) -> tuple[bytes, str]:
        file = finders.find(path.removeprefix("/static/"))
        assert file, path
        kind = mimetypes.guess_type(path)[0] or "text/plain"
        self[path] = Path(file).read_bytes(), kind
        return self[path]


@pytest.fixture(scope="module")
def visits(chromium: str, pages: dict[str, str]) -> list[dict[str, Any]]:
    assets = Assets()
    with launched(chromium) as browser:
        return [visit(browser, device, pages, assets) for device in DEVICES]


def test_a_page_sends_keeps_and_shows_the_same_whatever_the_device_says_below_the_cell(
    visits: list[dict[str, Any]],
) -> None:
    assert page_faults(*visits) == []


def page_faults(here: dict[str, Any], there: dict[str, Any]) -> list[str]:
    """The first difference of each kind."""
    faults = []
    for what, found in here.items():
        for one, other in zip(found, there[what], strict=False):
            if one != other:
                left, right = str(one), str(other)
                at = first_difference(left, right)
                faults.append(f"{what}: {around(left, at)} / {around(right, at)}")
                break
        else:
            if len(found) != len(there[what]):
                faults.append(f"{what}: {len(found)} / {len(there[what])}")
    return faults


def test_a_visit_has_all_that_one_does(visits: list[dict[str, Any]]) -> None:
    done = json.dumps(visits[0])
    for act in ("location/update", "chat.send", "/api/report", "username", "voice.join"):
        assert act in done
    assert done.count("location/update?near=") > 3
