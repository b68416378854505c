"""Reports have limits and a shape: what is beyond them is refused with a reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chat.models import Report
from neartalk.limits import RULES
from tests.chat.reporting_process import (
    NOBODY,
    in_memory,
)
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings


pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("much_may_be_said")]


async def test_a_session_reports_as_often_as_it_may_and_is_told_when_again(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.RATE_LIMITS_OFF = []
    async with in_memory() as reporting:
        bob, alice = await reporting.join("bob"), await reporting.join("alice")
        answers = [await bob.report(alice) for _ in range(RULES["chat.report"].burst + 1)]
        assert [one.status_code for one in answers] == [201, 201, 201, 429]
        refused = json.loads(answers[-1].content)
        assert refused["code"] == "too-many-reports"
        assert 360 - WAIT_S < refused["retry_after"] <= 360, "less what passed meanwhile"
        assert {kind.rule for kind in reporting.records.hits.counts} == {"chat.report"}


async def test_an_address_reports_as_often_as_it_may_whatever_sessions_it_has(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.RATE_LIMITS_OFF = []
    burst = RULES["chat.report.address"].burst
    async with in_memory() as reporting:
        alice = await reporting.join("alice")
        found = []
        for turn in range(burst + 1):
            somebody = await reporting.join(f"somebody_{turn}")
            found.append((await somebody.report(alice, at="198.51.100.7")).status_code)
        assert found == [201] * burst + [429]
        assert (await somebody.report(alice, at="198.51.100.8")).status_code == 201
    assert await Report.objects.acount() == burst + 1


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"person_id": "ABC"}, "bad-frame"),
        ({"person_id": f"{NOBODY}\n0"}, "bad-frame"),
        ({"message_id": "1-1"}, "bad-frame"),
        ({"message_id": True}, "bad-frame"),
        ({"reason": "because"}, "bad-frame"),
        ({"reason": ""}, "bad-frame"),
        ({"words": 7}, "bad-frame"),
        ({"words": ["a"]}, "bad-frame"),
        ({"words": "x" * 501}, "message-too-long"),
        ({"words": "x" * 5001}, "message-too-long"),
    ],
)
async def test_a_report_of_the_wrong_shape_is_refused(
    monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any], code: str
) -> None:
    async with in_memory() as reporting:
        alice, bob = await reporting.join("alice"), await reporting.join("bob")
        body = {"person_id": alice.person_id, "reason": "hate", **wrong}
        answer = await bob.report(alice, **body)
        assert json.loads(answer.content)["code"] == code
    assert await Report.objects.acount() == 0
