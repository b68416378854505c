"""The pages and files of the product, as a browser has them of the server."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import RequestFactory

from neartalk.models import Reason
from presence.delivery import panel, safe
from presence.geo import RADIUS_STOPS_M
from presence.values import Person
from tests.noninterference.page_world import BESIDE_BOB, OWN


def both_pages() -> dict[str, str]:
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
