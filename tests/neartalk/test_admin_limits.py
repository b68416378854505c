"""The operator's view of limits: rules are edited in their list, hits are read."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from neartalk.limits import RULES
from neartalk.limits.sentences import SENTENCES
from neartalk.models import RateLimit, RateLimitHit
from neartalk.operators import COUNT_MAX
from neartalk.records.rows import add_to_hours

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client
    from pytest_django import DjangoAssertNumQueries
    from pytest_django.fixtures import Settings

RULES_URL, HITS_URL = "/admin/neartalk/ratelimit/", "/admin/neartalk/ratelimithit/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def static_root(settings: Settings, tmp_path: Path) -> None:
    """Whitenoise warns of a folder that is not there."""
    settings.STATIC_ROOT = tmp_path


def hit(rule: str, days_ago: int, count: int, subject: str = "a" * 32) -> RateLimitHit:
    minute = timezone.now() - timedelta(days=days_ago)
    return RateLimitHit(rule=rule, subject=subject, minute=minute, count=count)


def test_every_rule_is_listed_with_what_it_refused_yesterday(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)  # yesterday is the same day throughout
    add_to_hours([hit("chat.send", 1, 17), hit("chat.send", 1, 25), hit("chat.send", 0, 3)])
    page = admin_client.get(RULES_URL).content.decode()
    assert all(name in page for name in RULES)
    assert '<td class="field-refused_yesterday">42</td>' in page


def test_each_rule_says_in_a_sentence_what_it_does(admin_client: Client) -> None:
    """A new rule needs one in neartalk/limits/sentences.py."""
    assert SENTENCES.keys() == RULES.keys()
    listed = admin_client.get(RULES_URL).content.decode()
    assert [one for one in map(str, SENTENCES.values()) if one not in listed] == []
    assert len({*map(str, SENTENCES.values())}) == len(RULES)
    alone = admin_client.get(f"{RULES_URL}chat.copies/change/", follow=True).content.decode()
    assert str(SENTENCES["chat.copies"]) in alone


class Fields(HTMLParser):
    """What a page sends when nothing of it is touched."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        off = known.get("type") == "checkbox" and "checked" not in known
        if tag == "input" and known.get("name") and not off:
            self.sent[str(known["name"])] = known.get("value") or "on"


def shown(client: Client, url: str = RULES_URL) -> dict[str, str]:
    return Fields(client.get(url).content.decode()).sent


def of(name: str, field: str) -> str:
    """The name of a field in the list."""
    return f"form-{sorted(RULES).index(name)}-{field}"


def test_a_rule_is_changed_in_the_list_and_none_is_added_or_deleted(admin_client: Client) -> None:
    form = {**shown(admin_client), of("chat.send", "allowance"): "20"}
    del form[of("chat.send", "on")]
    assert admin_client.post(RULES_URL, form).status_code == 302
    changed = RateLimit.objects.get(name="chat.send")
    assert (changed.allowance, changed.on) == (20, False)
    assert RateLimit.objects.filter(on=True).count() == len(RULES) - 1
    (entry,) = LogEntry.objects.all()
    assert entry.get_change_message() == "Allowance: 10 to 20; On: True to False"
    assert admin_client.get(f"{RULES_URL}add/").status_code == 403
    assert admin_client.post(f"{RULES_URL}chat.send/delete/").status_code == 403


def test_what_others_changed_since_the_list_was_shown_stays(admin_client: Client) -> None:
    form = {**shown(admin_client), of("chat.send", "burst"): "7"}
    RateLimit.objects.filter(name="chat.send").update(allowance=99)
    RateLimit.objects.filter(name="place.move").update(burst=1, on=False)
    assert admin_client.post(RULES_URL, form).status_code == 302
    changed = RateLimit.objects.get(name="chat.send")
    assert (changed.allowance, changed.burst) == (99, 7)
    kept = RateLimit.objects.get(name="place.move")
    assert (kept.burst, kept.on) == (1, False)
    assert [entry.get_change_message() for entry in LogEntry.objects.all()] == ["At once: 3 to 7"]


def test_nor_does_the_page_of_a_rule_revert_it(admin_client: Client) -> None:
    url = f"{RULES_URL}chat.send/change/"
    form = {**shown(admin_client, url), "burst": "7"}
    RateLimit.objects.filter(name="chat.send").update(allowance=99, on=False)
    assert admin_client.post(url, form).status_code == 302
    changed = RateLimit.objects.get(name="chat.send")
    assert (changed.allowance, changed.burst, changed.on) == (99, 7, False)


def test_hits_are_found_by_subject_and_rule_and_changed_by_nobody(admin_client: Client) -> None:
    RateLimitHit.objects.bulk_create(
        [hit("chat.send", 0, 1, "b" * 32), hit("place.move", 0, 1, "c" * 32)]
    )
    found = admin_client.get(HITS_URL, {"q": "b" * 32}).content.decode()
    assert "b" * 32 in found
    assert "c" * 32 not in found
    found = admin_client.get(HITS_URL, {"rule": "place.move"}).content.decode()
    assert "c" * 32 in found
    assert "b" * 32 not in found
    row = RateLimitHit.objects.first()
    assert row
    assert admin_client.get(f"{HITS_URL}{row.pk}/change/").status_code == 200
    assert admin_client.post(f"{HITS_URL}{row.pk}/change/", {"count": 0}).status_code == 403


def test_a_list_of_many_hits_counts_no_further_than_it_must(
    admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    RateLimitHit.objects.bulk_create([hit("chat.send", 0, 1) for _ in range(COUNT_MAX + 100)])
    with django_assert_max_num_queries(6) as asked:
        page = admin_client.get(HITS_URL)
    assert page.status_code == 200
    counts = [one["sql"] for one in asked.captured_queries if "COUNT(*)" in one["sql"]]
    assert [f"LIMIT {COUNT_MAX + 1}" in sql for sql in counts] == [True]
