"""The admin speaks the language of whoever works there: no sentence of it is in English alone."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import trans_real

from chat.admin import removing
from neartalk.limits import RULES
from neartalk.models import HourlyActivity, HourlyHits, RateLimitHit
from neartalk.operators import RowAction
from neartalk.parts import Platform
from tests.support.operators import evidence, operator, report, sanction
from tests.support.process_client import ProcessClient
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django.fixtures import Settings

HOUR = timedelta(hours=1)
GERMAN = {"accept-language": "de-DE,de;q=0.9,en;q=0.5"}
LOUD = ("aria-label", "title", "placeholder", "alt")
# What is no sentence: names, what stands for itself in every language, and a line of the audit
# trail, which is one record in English. "Search" is what Django has not marked, of a picture.
NAMES = re.compile(
    r"NearTalk|UTC|SHA-256|\b(mira|Bob|hello|note|rude|rgu|spam|u33d)\b|\b[0-9a-f]{16,64}\b"
    r"|Spam or fraud: rgu|^Search$|" + "|".join(map(re.escape, sorted(RULES, reverse=True)))
)

pytestmark = pytest.mark.django_db


class Marked(trans_real.DjangoTranslation):
    """A language in which every sentence is its English between brackets: what has none was never
    looked up."""

    def gettext(self, message: str) -> str:
        return f"⟦{message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


class Read(HTMLParser):
    """What a page says to the eye and to the ear."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.silent = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in {"script", "style"}
        known = dict(attrs)
        button = known.get("value") if tag == "input" and known.get("type") == "submit" else None
        self.said += filter(None, [*(known.get(name) for name in LOUD), button])

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.said.append(data)


def unmarked(page: str) -> list[str]:
    """What stands outside of brackets, and is no name."""
    depth, outside = 0, ""
    for sign in "\n".join(Read(page).said):
        depth += sign == "⟦"
        outside += sign if not depth else ""
        depth -= sign == "⟧"
    left = (NAMES.sub("", line).strip() for line in outside.splitlines())
    return [line for line in left if re.search(r"[^\W\d_]", line)]


@pytest.fixture(autouse=True)
def two_languages(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path  # whitenoise warns of a folder that is not there
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """German is the language of brackets."""
    real, brackets = trans_real.translation, Marked("de")
    monkeypatch.setattr(
        trans_real, "translation", lambda language: brackets if language == "de" else real(language)
    )


async def browser_of(name: str, **rights: bool) -> ProcessClient:
    """A German browser in which a moderator is logged in."""
    user = await sync_to_async(operator)(name, "moderator")
    await User.objects.filter(pk=user.pk).aupdate(**rights)
    client = ProcessClient({"neartalk": Platform.build()})
    await client.aforce_login(user)
    return client


async def page_of(client: ProcessClient, url: str) -> str:
    answer = await client.get(url, headers=GERMAN, follow=True)
    assert answer.status_code == 200, url
    return answer.content.decode()


async def test_a_german_browser_reads_the_admin_in_german() -> None:
    stranger = ProcessClient({"neartalk": Platform.build()})
    english = await stranger.get("/admin/login/")
    assert '<html lang="en" dir="ltr"' in english.content.decode()
    page = await page_of(stranger, "/admin/login/")
    assert '<html lang="de" dir="ltr"' in page
    assert "Benutzername" in page
    mira = await browser_of("mira")
    assert "Abmelden" in await page_of(mira, "/admin/")
    mira.cookies["language"] = "en"
    assert "Abmelden" not in await page_of(mira, "/admin/")


def evening() -> list[str]:
    """Something on every page of the admin, and where these are."""
    now = timezone.now()
    said = evidence("hello", "hello")
    said[0] |= {"by_reporter": True, "name": ""}
    kept = report(evidence=said, words="rude", where="voice")
    sanction(until_reviewed=True)
    mira = User.objects.get(username="mira")
    done = report(state="upheld", reviewed=now, by=mira, note="note")
    plain = [report(state="dismissed", reviewed=now, name=""), report(deadline=now - HOUR), done]
    mutes = [sanction(), sanction(kind="ban", lifted=now), sanction(until=now - HOUR, note="note")]
    sanction(kind="ban", until=now + HOUR)
    RateLimitHit.objects.create(rule="chat.send", subject="e" * 32, minute=now, count=7)
    RateLimitHit.objects.create(rule="chat.send", minute=now, count=1)
    HourlyHits.objects.create(rule="chat.send", hour=now.replace(minute=0), count=90)
    HourlyActivity.objects.create(hour=now - HOUR, area="u33d", people=7)
    HourlyActivity.objects.create(hour=now, people=7)
    hit, activity = RateLimitHit.objects.first(), HourlyActivity.objects.last()
    LogEntry.objects.log_actions(mira.pk, [done], 2, "rude", single_object=True)
    entry = LogEntry.objects.first()
    assert hit
    assert activity
    assert entry
    rows = [f"chat/report/{one.pk}" for one in (kept, *plain)]
    rows += [f"neartalk/sanction/{one.pk}" for one in mutes]
    rows += ["neartalk/ratelimit/chat.send", f"neartalk/ratelimithit/{hit.pk}"]
    rows += [f"neartalk/hourlyactivity/{activity.pk}", f"admin/logentry/{entry.pk}"]
    lists = [
        *("chat/report", "neartalk/sanction", "neartalk/ratelimit", "neartalk/ratelimithit"),
        *("neartalk/hourlyactivity", "admin/logentry", "neartalk", "chat"),
    ]
    return [*(f"/admin/{one}/" for one in ("", *lists)), *(f"/admin/{one}/change/" for one in rows)]


async def test_no_page_of_the_admin_says_anything_in_english_alone(marked: None) -> None:
    mira = await browser_of("mira", is_superuser=True)
    left = {
        url: unmarked(await page_of(mira, url.replace("//", "/")))
        for url in await sync_to_async(evening)()
    }
    assert {url: found for url, found in left.items() if found} == {}


async def test_what_was_done_is_told_in_german_and_written_down_in_english(marked: None) -> None:
    mira, one = await browser_of("mira"), await sync_to_async(report)()
    row = await sync_to_async(sanction)()
    acts = (
        (f"/admin/chat/report/{one.pk}/change/", "ban", "⟦Banned for 1 day.⟧"),
        (f"/admin/chat/report/{one.pk}/change/", "no-such", "⟦Somebody else was quicker."),
        (f"/admin/neartalk/sanction/{row.pk}/change/", "lift", "⟦Lifted.⟧"),
    )
    for url, verb, told in acts:
        form = {"verb": verb, "note": "note", "seen": ""}
        answer = await mira.post(url, form, headers=GERMAN, follow=True)
        assert told in answer.content.decode()
    lines = LogEntry.objects.order_by("pk").values_list("object_repr", "change_message")
    assert [line async for line in lines] == [
        ("Spam or fraud: rgu", "Banned for 1 day. note"),
        (f"Mute of {'b' * 16}", "Lifted. note"),
    ]


async def test_a_rule_is_changed_in_german_and_written_down_in_english(marked: None) -> None:
    root, url = await browser_of("root", is_superuser=True), "/admin/neartalk/ratelimit/"
    url += "chat.send/change/"
    form = {"allowance": "20", "period_s": "60", "burst": "3", "price_ms": "0", "on": "on"}
    form |= {f"initial-{name}": value for name, value in (("allowance", "10"), ("burst", "3"))}
    assert (
        "⟦This rule has no price: leave 0.⟧"
        in (await root.post(url, form | {"price_ms": "7"}, headers=GERMAN)).content.decode()
    )
    assert (await root.post(url, form, headers=GERMAN)).status_code == 302
    assert "Allowance: 10 to 20" in (await LogEntry.objects.aget()).change_message


# ---- In the source -------------------------------------------------------------------------------


def labels() -> Iterator[tuple[str, Any]]:
    """Every label of the admin that is made at import, with where it is."""
    for model, shown in admin.site._registry.items():
        meta, kind = model._meta, type(shown)
        where = meta.label
        yield f"{where} of {meta.app_label}", apps.get_app_config(meta.app_label).verbose_name
        yield where, meta.verbose_name
        yield f"{where}, plural", meta.verbose_name_plural
        yield f"{where} list_title", getattr(shown, "list_title", None)
        yield f"{where} search_help_text", shown.search_help_text
        for name in {*shown.list_display, *(shown.fields or ()), *shown.readonly_fields}:
            if name != "__str__" and hasattr(kind, str(name)):
                label = getattr(getattr(shown, str(name)), "short_description", str(name))
                yield f"{where}.{name}", label
            elif name != "__str__":
                field: Any = meta.get_field(str(name))
                yield f"{where}.{name}", field.verbose_name
                yield f"{where}.{name} help", field.help_text
                yield from (
                    (f"{where}.{name} {value}", word) for value, word in field.choices or ()
                )
        for one in shown.list_filter:
            if isinstance(one, type):
                yield f"{where} {one.__name__}", one.title
                known = getattr(one, "known", ())
                yield from ((one.__name__, word) for value, word, _ in known if value != word)
        for act in acts_of(kind):
            yield f"{where} {act.name}", act.label
            yield f"{where} {act.name} hint", act.hint


def acts_of(kind: type) -> Iterator[RowAction]:
    for value in vars(kind).values():
        each = value if isinstance(value, tuple) else (value,)
        yield from (one for one in each if isinstance(one, RowAction))


def test_every_label_of_the_admin_is_looked_up_when_it_is_shown() -> None:
    remove: Any = removing(None)  # type: ignore[arg-type]
    found = [*labels(), ("remove", remove.label), ("remove", remove.hint)]
    assert len(found) > 100
    plain = [
        where
        for where, label in found
        if label not in (None, "") and not isinstance(label, Promise)
    ]
    assert plain == []


TAGS = re.compile(
    r"{#.*?#}|{% block coltype %}.*?{% endblock coltype %}"
    r"|{% blocktranslate.*?{% endblocktranslate %}"
    r"|{%.*?%}|{{.*?}}",
    re.S,
)


def test_no_template_of_the_admin_says_anything_outside_of_what_is_translated() -> None:
    templates = [*(ROOT / "templates" / "admin").rglob("*.html")]
    assert len(templates) > 10
    found = {path.name: unmarked(TAGS.sub("", path.read_text())) for path in templates}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_labels_leave_no_migration_to_be_made() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
