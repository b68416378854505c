"""What reporters add of their own: it is theirs and alive, or it is not there; and it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from chat.models import Report
from chat.reports import seal_of
from chat.retention import unseal
from tests.chat.reporting_process import HALF_HOUR_MS, in_memory, row
from tests.support.clocks import ManualClock
from tests.support.operators import evidence, operator, report, sanction
from tests.support.processes import BESIDE, HERE

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client
    from pytest_django.fixtures import Settings

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("much_may_be_said")]

OWN = {"id": "9-0.00000000", "sent_at": 1_800_000_000_009, "name": "", "by_reporter": True}


def added(one: Report) -> list[str]:
    return [said["text"] for said in one.evidence or () if said.get("by_reporter")]


@pytest.mark.parametrize("joined", [False, True])
async def test_what_reporters_add_of_their_own_is_sealed_behind_what_was_said(
    joined: bool,
) -> None:
    clock = ManualClock()
    async with in_memory(clock) as reporting:
        alice, bob = await reporting.join("alice", BESIDE), await reporting.join("bob", BESIDE)
        reported = await alice.send("Where do you live?")
        own = []
        for text in ("I won't say.", "Stop.", "Not added."):
            clock.now_ms += 1000
            own.append(await bob.send(text))
        ids = [own[1], own[0], own[1]]
        answers: Any = " ".join(ids) if joined else ids
        assert (await bob.report(alice, reported, answers=answers)).status_code == 201
    one = await row()
    assert one.evidence
    assert [(said["text"], said["name"]) for said in one.evidence] == [
        ("Where do you live?", "alice"),
        ("I won't say.", ""),
        ("Stop.", ""),
    ]
    assert added(one) == ["I won't say.", "Stop."]
    assert one.seal == seal_of(one.evidence)
    assert "bob" not in repr(one.evidence)


async def test_nobody_adds_what_others_said_or_what_is_gone() -> None:
    clock = ManualClock()
    async with in_memory(clock) as reporting:
        alice, bob = await reporting.join("alice"), await reporting.join("bob")
        dora = await reporting.join("dora")
        old = await bob.send("Half an hour ago.")
        # They stay: a session is over after as long a silence.
        for _ in range(3):
            clock.now_ms += HALF_HOUR_MS // 3 + 1
            for somebody in (alice, bob, dora):
                await somebody.move(HERE)
        reported, others = await alice.send("Boo."), await dora.send("Between us.")
        unknown = f"{others.partition('.')[0]}.ffffffff"
        ids = [old, reported, others, unknown]
        assert (await bob.report(alice, reported, answers=ids)).status_code == 201
    one = await row()
    assert [said["text"] for said in one.evidence or ()] == ["Boo."]


async def test_without_a_message_to_report_nothing_is_added() -> None:
    async with in_memory() as reporting:
        alice, bob = await reporting.join("alice"), await reporting.join("bob")
        own = await bob.send("Stop.")
        await bob.report(alice, answers=[own])
        await bob.report(alice, "1-0.00000000", answers=[own])
    assert {(one.evidence, one.seal) async for one in Report.objects.all()} == {(None, "")}


@pytest.mark.parametrize(
    "answers", [["x"], [1], [True], True, 5, {}, {"a": 1}, "x y", ["1-0.00000000"] * 6, [["a"]]]
)
async def test_a_list_that_is_none_is_refused(answers: Any) -> None:
    async with in_memory() as reporting:
        alice, bob = await reporting.join("alice"), await reporting.join("bob")
        reported = await alice.send("Boo.")
        answer = await bob.report(alice, reported, answers=answers)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad-frame")
    assert not await Report.objects.aexists()


@pytest.fixture
def mira(client: Client, settings: Settings, tmp_path: Path) -> Client:
    settings.STATIC_ROOT = tmp_path  # whitenoise warns of a folder that is not there
    client.force_login(operator("mira", "moderator"))
    return client


def test_a_moderator_reads_who_added_it_and_that_it_goes_with_the_rest(mira: Client) -> None:
    said = evidence("before", "the reported one")
    kept = [*said, {**OWN, "text": "<b>my answer</b>"}]
    one = report(evidence=kept, message_id=said[-1]["id"], deadline=timezone.now())
    url = f"/admin/chat/report/{one.pk}/change/"
    page = mira.get(url).content.decode()
    person, heading, reporter = page.partition("Their own messages, added by the reporter")
    assert heading
    assert "the reported one" in person
    assert "my answer" not in person
    assert "&lt;b&gt;my answer&lt;/b&gt;" in reporter
    assert "The reporter" in reporter
    assert "What others said is not here, and cannot be fetched." in reporter
    assert "The seal matches" in page
    unseal(Report.objects.all())
    assert "my answer" not in repr(Report.objects.values().get())
    assert heading not in mira.get(url).content.decode()


def test_the_server_says_first_what_it_did_by_itself_until_somebody_decides(mira: Client) -> None:
    one, _, unmet = report(name="Bob"), report(name="Bob"), report(name="Bob", subject="")
    url = f"/admin/chat/report/{one.pk}/change/"
    before = mira.get(url).content.decode()
    assert "Alert:" not in before
    assert "3, from 2 networks" in before
    mute = sanction(until_reviewed=True)
    page = mira.get(f"/admin/chat/report/{unmet.pk}/change/").content.decode()
    assert "Alert: 2 people reported \u2068Bob\u2069." in page
    until = f"{mute.until:%-d %b, %H:%M}"
    assert f"Muted by the server until {until}, or until you decide." in page
    form = {"verb": "mute", "note": "n", "seen": ""}
    assert mira.post(url, form).status_code == 302
    after = mira.get(url).content.decode()
    assert "Alert:" not in after
    assert "0, from 0 networks" in after
