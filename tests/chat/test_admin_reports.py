"""The queue of reports, and the page of one: what stands there, and who may do what."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from chat.models import Report
from neartalk.models import RateLimitHit, Sanction
from tests.support.operators import evidence, operator, report, sanction

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import DjangoAssertNumQueries
    from pytest_django.fixtures import Settings

QUEUE = "/admin/chat/report/"
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def static_root(settings: Settings, tmp_path: Path) -> None:
    """Whitenoise warns of a folder that is not there."""
    settings.STATIC_ROOT = tmp_path


@pytest.fixture
def mira(client: Client) -> Client:
    client.force_login(operator("mira", "moderator"))
    return client


@pytest.fixture
def rowan() -> Client:
    client = Client()
    client.force_login(operator("rowan", "reviewer"))
    return client


LISTS = (
    *(QUEUE, "/admin/neartalk/sanction/", "/admin/neartalk/ratelimithit/"),
    *("/admin/neartalk/hourlyactivity/", "/admin/admin/logentry/"),
)


def page_of(client: Client, one: Report) -> str:
    return client.get(f"{QUEUE}{one.pk}/change/").content.decode()


def act(client: Client, one: Report, verb: str, note: str = "n", seen: str = "") -> int:
    form = {"verb": verb, "note": note, "seen": seen}
    return client.post(f"{QUEUE}{one.pk}/change/", form).status_code


def names(page: str) -> list[str]:
    return [part.split("</bdi>")[0] for part in page.split("<bdi>")[1:]]


# ---- The queue -----------------------------------------------------------------------------------


def test_what_waits_is_listed_the_oldest_first(mira: Client) -> None:
    for minutes, name, state in (
        *((5, "Young", "waiting"), (50, "Old", "waiting")),
        *((90, "Done", "upheld"), (70, "Done later", "upheld")),
    ):
        report(name=name, state=state, made=timezone.now() - timedelta(minutes=minutes))
    assert names(mira.get(QUEUE).content.decode()) == ["Old", "Young"]
    assert names(mira.get(QUEUE, {"state": "upheld"}).content.decode()) == ["Done later", "Done"]


@pytest.mark.parametrize(
    "asked",
    [
        *("report/?subject__startswith=a", "report/?device=d", "report/?origin__gt=a"),
        *("report/?evidence__icontains=word", "report/?state__startswith=w", "report/?by__id=1"),
        *("sanction/?device__startswith=a", "sanction/?origin__regex=a", "sanction/?note__gte=a"),
        *("ratelimithit/?subject__startswith=a", "ratelimithit/?minute__isnull=0"),
    ],
)
def test_what_no_page_shows_is_not_found_out_by_the_letter(rowan: Client, asked: str) -> None:
    app = "chat" if asked.startswith("report") else "neartalk"
    assert rowan.get(f"/admin/{app}/{asked}").status_code == 400


@pytest.mark.parametrize("url", LISTS)
def test_every_filter_that_a_list_offers_is_answered(rowan: Client, url: str) -> None:
    sanction()
    report(state="waiting")
    offered = re.findall(r'href="(\?[^"]+)"', rowan.get(url).content.decode())
    assert len(offered) > 1
    assert {rowan.get(f"{url}{unescape(one)}").status_code for one in offered} == {200}


def test_a_person_is_found_with_all_that_was_reported_of_them(mira: Client) -> None:
    report(name="Bob", state="dismissed")
    report(name="Bobby", reason="hate")
    report(name="Carol", person_id="c" * 16)
    assert names(mira.get(QUEUE, {"q": "b" * 16}).content.decode()) == ["Bobby", "Bob"]
    assert names(mira.get(QUEUE, {"reason": "hate"}).content.decode()) == ["Bobby"]
    assert names(mira.get(QUEUE, {"reason": "nonsense", "state": "?"}).content.decode())


def test_a_row_says_how_many_there_are_what_is_kept_and_for_how_long(mira: Client) -> None:
    report(evidence=evidence("hello"), deadline=timezone.now() + 5 * HOUR)
    report(deadline=timezone.now() + timedelta(days=3, hours=1))
    page = mira.get(QUEUE).content.decode()
    assert page.count('<td class="field-of_person">2</td>') == 2
    assert page.count('<td class="field-kept">yes</td>') == 1
    assert '<td class="field-time_left">4 h</td>' in page
    assert '<td class="field-time_left">3 days</td>' in page


def test_a_longer_queue_costs_no_more_queries(
    mira: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        report(person_id=f"{number:016}")
    with django_assert_max_num_queries(8) as asked:
        mira.get(QUEUE)
    assert not any('"evidence",' in one["sql"].split("FROM")[0] for one in asked.captured_queries)


# ---- A report ------------------------------------------------------------------------------------


def test_a_report_shows_its_evidence_escaped_and_what_else_is_known(mira: Client) -> None:
    one = report(evidence=evidence("before", "<script>alert(1)</script>"), words="<i>rude</i>")
    report(words="again and again")
    sanction(note="three said so")
    RateLimitHit.objects.create(rule="chat.send", subject="e" * 32, minute=timezone.now(), count=7)
    page = page_of(mira, one)
    assert "before" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;i&gt;rude&lt;/i&gt;" in page
    assert "<script>alert" not in page
    assert "The seal matches" in page
    for known in ("again and again", "three said so", "7 times"):
        assert known in page


def test_evidence_that_somebody_changed_does_not_match_its_seal(mira: Client) -> None:
    one = report(evidence=evidence("hello"))
    Report.objects.filter(pk=one.pk).update(evidence=evidence("something else"))
    page = page_of(mira, one)
    assert "The seal does not match" in page
    assert "The seal matches" not in page


def test_nobodys_device_or_network_is_shown(mira: Client) -> None:
    one = report(device="5d" * 32, origin="7e" * 16, subject="9f" * 16)
    row = sanction(device="5d" * 32, origin="7e" * 16)
    pages = (
        *(QUEUE, f"{QUEUE}{one.pk}/change/", "/admin/", "/admin/neartalk/sanction/"),
        f"/admin/neartalk/sanction/{row.pk}/change/",
    )
    for url in pages:
        shown = mira.get(url).content.decode()
        assert not any(digest in shown for digest in ("5d5d5d", "7e7e7e", "9f9f9f")), url


# ---- Acts ----------------------------------------------------------------------------------------


def test_a_moderator_bans_and_goes_on_with_the_queue(mira: Client) -> None:
    one = report()
    form = {"verb": "ban", "note": "links", "seen": ""}
    answer = mira.post(f"{QUEUE}{one.pk}/change/", form, follow=True)
    assert answer.redirect_chain == [(QUEUE, 302)]
    assert "Banned for 1 day" in answer.content.decode()
    assert Sanction.objects.get().note == "links"


def test_without_a_note_nothing_is_done(mira: Client) -> None:
    one = report()
    act(mira, one, "ban", note=" ")
    act(mira, one, "no-such-verb")
    assert not Sanction.objects.exists()
    assert Report.objects.get().state == "waiting"


def test_what_a_moderator_did_not_see_is_not_decided_by_them(mira: Client) -> None:
    one = report()
    act(mira, one, "mute")
    assert act(mira, one, "ban") == 302
    assert [row.kind for row in Sanction.objects.all()] == ["mute"]
    one.refresh_from_db()
    assert one.reviewed
    act(mira, one, "ban", seen=one.reviewed.isoformat())
    assert [row.kind for row in Sanction.objects.order_by("pk")] == ["mute", "ban"]


def test_a_reviewer_sees_everything_and_does_nothing(mira: Client, rowan: Client) -> None:
    one, row = report(evidence=evidence("hello")), sanction()
    assert 'name="verb"' in page_of(mira, one)
    assert 'name="verb"' not in page_of(rowan, one)
    assert "hello" in page_of(rowan, one)
    lift_url = f"/admin/neartalk/sanction/{row.pk}/change/"
    assert 'name="verb"' not in rowan.get(lift_url).content.decode()
    assert act(rowan, one, "dismiss") == 403
    assert rowan.post(lift_url, {"verb": "lift", "note": "n"}).status_code == 403
    for url in (f"{QUEUE}add/", f"{QUEUE}{one.pk}/delete/", "/admin/neartalk/sanction/add/"):
        assert (rowan.get(url).status_code, mira.get(url).status_code) == (403, 403)
    assert Report.objects.get().state == "waiting"
    assert Sanction.objects.get().lifted is None


def test_staff_without_a_group_see_nothing(client: Client) -> None:
    one = report()
    user = operator("eve", "reviewer")
    user.groups.clear()
    client.force_login(user)
    assert client.get(QUEUE).status_code == 403
    assert client.get(f"{QUEUE}{one.pk}/change/").status_code == 403
    assert act(client, one, "dismiss") == 403
    first = client.get("/admin/").content.decode()
    assert "Bob" not in first
    assert "Refused" not in first


def test_a_sanction_is_lifted_with_a_note(mira: Client) -> None:
    row = sanction()
    url = f"/admin/neartalk/sanction/{row.pk}/change/"
    answer = mira.post(url, {"verb": "lift", "note": "a mistake", "seen": ""}, follow=True)
    assert "Lifted." in answer.content.decode()
    assert Sanction.objects.get().lifted
    assert 'name="verb"' not in mira.get(url).content.decode()
    for state, found in (("force", False), ("lifted", True), ("ended", False)):
        page = mira.get("/admin/neartalk/sanction/", {"state": state}).content.decode()
        assert ("b" * 16 in page) is found
