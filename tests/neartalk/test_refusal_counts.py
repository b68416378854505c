"""A refused call is counted, and answered whatever becomes of the count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.http import HttpResponse

from neartalk.codes import Refused
from neartalk.http import endpoints
from neartalk.limits import Origins
from neartalk.limits.hits import NOBODY
from neartalk.parts import Platform
from tests.support.process_client import ProcessRequests

if TYPE_CHECKING:
    from neartalk.http import HtmxRequest

LOST = Refused("store-unavailable", retry_after=2)


@endpoints.endpoint("GET")
async def moves(request: HtmxRequest) -> HttpResponse:
    raise Refused("too-often", retry_after=9, rule="place.move")


@pytest.mark.parametrize("lost", [False, True])
async def test_a_limit_that_was_met_is_said_and_counted(
    lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def origin(*args: Any) -> dict[str, str]:
        if lost:
            raise LOST
        return {"address": "digest"}

    platform = Platform.build()
    hits = platform.records.hits
    monkeypatch.setattr(Origins, "of", origin)
    request: Any = ProcessRequests({"neartalk": platform}).get("/")
    request.htmx = False
    response = await moves(request)
    assert (response.status_code, response["Retry-After"]) == (429, "9")
    counted = {(kind.rule, kind.subject): count for kind, count in hits.counts.items()}
    assert counted == {("place.move", NOBODY if lost else "digest"): 1}
