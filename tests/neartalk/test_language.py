"""Everybody is answered in the language that they chose, or that their browser reads."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polib
import pytest
from django.core.mail.backends.locmem import EmailBackend
from django.template.loader import render_to_string
from django.utils.translation import get_language, override, trans_real

from chat.consumers import ChatConsumer
from chat.history import MemoryHistory
from chat.reports import report_watch
from neartalk.asgi import Application
from neartalk.codes import Refused
from neartalk.http import language_of, refusals
from neartalk.http.constants import forget
from neartalk.http.manifest import manifest_text
from neartalk.http.worker import worker_script
from neartalk.management.commands import catalogues
from neartalk.models import Reason
from presence.delivery import Form, gap
from presence.names import WORDS
from presence.registry import MemoryRegistry
from tests.support.process_client import ProcessClient
from tests.support.processes import Process, running
from tests.support.waiting import within
from voice.consumers import SignalConsumer
from voice.parts import Voice

GERMAN = {
    "That was quick.": "Das war schnell.",
    "You can send again in {retry_after} s.": "In {retry_after} s geht es weiter.",
    "You were away for long. What is still alive is here.": "Du warst lange weg.",
    "Change language": "Sprache wechseln",
    "{name} wants to talk": "{name} möchte reden",
    "Spam or fraud": "Spam oder Betrug",
}
HEADERS = {b"accept-language": b"de-AT,de;q=0.9,en;q=0.5"}


@pytest.fixture
def german(settings: Any, tmp_path: Path) -> Iterator[None]:
    """A deployment that speaks German too, and Arabic without a word of it."""
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    made = catalogue(GERMAN)
    made.append(
        polib.POEntry(
            msgid="NearTalk: {count} report waits",
            msgid_plural="NearTalk: {count} reports wait",
            msgstr_plural={
                0: "NearTalk: {count} Meldung wartet",
                1: "NearTalk: {count} Meldungen warten",
            },
        )
    )
    made.save_as_mofile(str(folder / "django.mo"))
    settings.LOCALE_PATHS = [tmp_path]
    settings.WHITENOISE_AUTOREFRESH = True  # no file is collected here
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("ar", "العربية")]
    yield
    forget()
    refusals.rendered.cache_clear()
    manifest_text.cache_clear()
    worker_script.cache_clear()


def catalogue(strings: dict[str, str]) -> polib.POFile:
    made = polib.POFile()
    made.metadata = {
        "Content-Type": "text/plain; charset=utf-8",
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    made.extend(polib.POEntry(msgid=one, msgstr=other) for one, other in strings.items())
    return made


@asynccontextmanager
async def served() -> AsyncIterator[Process]:
    process = Process(MemoryRegistry(), MemoryHistory())
    async with running(process):
        yield process


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, "en"),
        (HEADERS, "de"),
        ({b"accept-language": b"ja,ar;q=0.8"}, "ar"),
        ({b"accept-language": b"ja"}, "en"),
        ({b"accept-language": b"*"}, "en"),
        ({b"accept-language": b"\xff\xfe, de;q=x, ;;;,"}, "en"),
        ({b"accept-language": b"x" * 100_000 + b",de"}, "en"),
        ({**HEADERS, b"cookie": b"language=ar"}, "ar"),
        ({**HEADERS, b"cookie": b"neartalk=abc; language=en; device=1"}, "en"),
        ({b"cookie": b"language=De"}, "de"),
        ({b"accept-language": b"DE"}, "de"),
        ({**HEADERS, b"cookie": b"language=klingon"}, "de"),
        ({**HEADERS, b"cookie": b"language=../../etc"}, "de"),
        ({**HEADERS, b"cookie": b'a[]="\\;;=;language'}, "de"),
    ],
)
def test_a_choice_comes_before_what_a_browser_reads_and_english_after_all(
    german: None, headers: dict[bytes, bytes], found: str
) -> None:
    assert language_of(headers) == found


@pytest.mark.parametrize(
    ("accepted", "head"), [("de", 'lang="de" dir="ltr"'), ("ar", 'lang="ar" dir="rtl"')]
)
async def test_a_page_names_its_language_and_its_direction(
    german: None, accepted: str, head: str
) -> None:
    async with served() as process:
        reader = ProcessClient(process.state)
        answer = await reader.get("/rules", headers={"accept-language": accepted})
        assert f"<html {head}" in answer.content.decode()
        assert answer["Content-Language"] == accepted
        assert {"Accept-Language", "Cookie"} <= {*answer["Vary"].split(", ")}


async def test_calls_at_once_keep_their_languages_apart(german: None) -> None:
    async with served() as process:
        reader = ProcessClient(process.state)
        asked = ["de", "ar", "en"] * 4
        pages = await asyncio.gather(
            *(reader.get("/rules", headers={"accept-language": one}) for one in asked)
        )
        assert [re.findall('<html lang="(..)"', page.content.decode()) for page in pages] == [
            [one] for one in asked
        ]
        assert get_language() == "en", "and leave none behind"


async def test_what_is_rendered_once_is_rendered_once_in_each_language(
    german: None, settings: Any
) -> None:
    async with served() as process:
        settings.DEBUG = False
        reader = ProcessClient(process.state)
        first = await reader.get("/", headers={"accept-language": "de"})
        then = await reader.get("/")
        assert "Sprache wechseln" in first.content.decode()
        assert "Change language" in then.content.decode()


async def test_the_service_worker_speaks_the_language_of_whoever_fetches_it(german: None) -> None:
    async with served() as process:
        reader = ProcessClient(process.state)
        found = {}
        for language in ("de", "en", "ar"):
            answer = await reader.get("/service-worker.js", headers={"accept-language": language})
            assert {"Accept-Language", "Cookie"} <= {*answer["Vary"].split(", ")}
            consts = re.findall(r"^const ([A-Z]+) = (.+);$", answer.content.decode(), re.MULTILINE)
            found[language] = {name: json.loads(value) for name, value in consts[:5]}
        talk = {language: one["WORDS"]["talk"] for language, one in found.items()}
        assert talk == {
            "de": "{name} möchte reden",
            "en": "{name} wants to talk",
            "ar": "{name} wants to talk",
        }
        assert [one["LANGUAGE"] for one in found.values()] == [*found]
        assert len({one["VERSION"] for one in found.values()}) == 3, "other words, an update"
        assert all("{name}" in text for one in found.values() for text in one["WORDS"].values())


def test_a_server_has_read_all_languages_before_it_serves(
    german: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: dict[str, Any] = {}
    monkeypatch.setattr(trans_real, "_translations", loaded)
    assert not Application().state, "nobody is served yet"
    assert {*loaded} >= {"en", "de", "ar"}


async def test_a_language_is_chosen_without_a_script_and_leads_back_to_this_site_alone(
    german: None,
) -> None:
    async with served() as process:
        http = ProcessClient(process.state)
        chosen = await http.post("/language", {"language": "de", "next": "/rules"})
        assert (chosen.status_code, chosen["Location"]) == (302, "/rules")
        cookie = chosen.cookies["language"]
        assert (cookie.value, cookie["samesite"], cookie["httponly"]) == ("de", "Lax", True)
        assert 'lang="de"' in (await http.get("/rules")).content.decode()
        strange = await http.post("/language", {"language": "xx", "next": "//elsewhere.example/"})
        assert strange["Location"] == "/"
        assert "language" not in strange.cookies
        unspoken = await http.post("/language", {"language": "af", "next": "/rules"})
        assert unspoken["Location"] == "/rules"
        assert "language" not in unspoken.cookies, "Django speaks it, and NearTalk does not"


async def test_whoever_is_given_a_name_is_given_one_of_their_language(german: None) -> None:
    async with served() as process:
        http = ProcessClient(process.state)
        names = [
            (
                await http.post(
                    "/api/session/create",
                    {},
                    content_type="application/json",
                    headers={"accept-language": accepted},
                )
            ).json()["username"]
            for accepted in ("de-AT,en;q=0.5", "ja")
        ]
    german_words, english = (name.split() for name in names)
    assert german_words[1] in WORDS["de"].animals
    assert english[1] in WORDS["en"].animals


def test_the_mail_about_reports_is_in_the_language_of_the_server(
    german: None, settings: Any
) -> None:
    settings.SITE_URL = "https://near.example.org"
    with override("de"):
        mail = report_watch.mail_of(2, EmailBackend())
    assert mail.subject == "NearTalk: 2 reports wait"
    settings.LANGUAGE_CODE = "de"
    mail = report_watch.mail_of(2, EmailBackend())
    assert mail.subject == "NearTalk: 2 Meldungen warten"
    assert "/admin/chat/report/" in mail.body


def test_a_reason_is_told_in_the_language_of_whoever_reads_it(german: None) -> None:
    refused = Refused("banned", reason=Reason.SPAM.label)
    with override("de"):
        assert "Spam oder Betrug" in refused.words
    with override("en"):
        assert "Reason: Spam or fraud." in refused.words


def test_a_refusal_says_the_same_code_in_each_language(german: None) -> None:
    for form in ("json", "fragment", "page"):
        one, other = (
            refusals.rendered("too-fast", 4, form, language)[1].decode()
            for language in ("en", "de")
        )
        assert "That was quick." in one
        assert "Das war schnell." in other
    found = json.loads(refusals.rendered("too-fast", 4, "json", "de")[1])
    assert found == {
        "code": "too-fast",
        "message": "Das war schnell. In 4 s geht es weiter.",
        "retry_after": 4,
    }


@pytest.mark.parametrize(
    ("headers", "words"), [(HEADERS, "Das war schnell."), ({}, "That was quick.")]
)
@pytest.mark.parametrize("consumer_class", [ChatConsumer, SignalConsumer])
async def test_a_socket_is_refused_in_the_language_it_came_with(
    german: None, consumer_class: Any, headers: dict[bytes, bytes], words: str
) -> None:
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with served() as process:
        consumer = consumer_class()
        consumer.base_send = sent.put
        given = {
            "headers": [*headers.items()],
            "subprotocols": ["neartalk.v1.json"],
            "client": None,
        }
        voice = Voice.build(process.state["presence"])
        consumer.enter({"state": {**process.state, "voice": voice}, **given})
        await consumer.websocket_connect({})
        await consumer.websocket_receive({"text": '{"type": "ping", "ref": "12345678"}' * 2})
        consumer.refuse(Refused("too-fast", retry_after=4))
        frames = [
            json.loads((await within(sent.get(), "an answer")).get("text", "{}")) for _ in range(3)
        ]
        consumer.connection.stop()
    assert [frame.get("code") for frame in frames] == [None, "bad-json", "too-fast"]
    assert frames[-1]["message"].startswith(words)


def test_a_gap_is_told_in_words_of_its_reader(german: None) -> None:
    assert "Du warst lange weg." in gap(Form.HTML, "unknown-mark", "de").text
    assert "You were away" in gap(Form.HTML, "unknown-mark", "ar").text


def test_an_end_is_a_day_as_its_reader_writes_it(german: None) -> None:
    refused = Refused("muted", reason="spam", until=datetime(2026, 3, 4, 5, 6, tzinfo=UTC))
    with override("de"):
        assert "4. März" in refused.words or "4 März" in refused.words
        shown = render_to_string("_refusal.html", {"refusal": refused})
        assert f'data-day="{refused.day}"' in shown
        assert f"{refused.day} UTC" in shown
    with override("en"):
        assert refused.words == "Reason: spam. It ends on 4 March 2026, 05:06 UTC."


def test_a_catalogue_of_the_page_leaves_out_what_nobody_translated(tmp_path: Path) -> None:
    made = catalogue({"Open": "Öffnen", "Close": ""})
    made.append(polib.POEntry(msgctxt="adjective", msgid="Open", msgstr="Offen"))
    made.append(
        polib.POEntry(
            msgid="{count} person",
            msgid_plural="{count} people",
            msgstr_plural={0: "{count} Person", 1: "{count} Personen"},
        )
    )
    made.append(polib.POEntry(msgid="Old", msgstr="Alt", flags=["fuzzy"]))
    path = tmp_path / "djangojs.po"
    made.save(str(path))
    source = catalogues.source_of(path)
    assert "Number((n != 1))" in source
    found = json.loads(source.partition("strings: ")[2].rpartition(" });")[0])
    assert found == {
        "Open": "Öffnen",
        "adjective\x04Open": "Offen",
        "{count} person": ["{count} Person", "{count} Personen"],
    }


@pytest.mark.parametrize(
    ("accepted", "chosen", "found"),
    [
        ("en-US,en;q=0.9", "", "feet"),
        ("es-US", "", "feet"),
        ("en-Latn-US", "", "feet"),
        ("en-US-posix", "", "feet"),
        ("zh-Hans, en-US;q=0.5", "", "feet"),
        ("es-419, en-US;q=0.5", "", "metres"),
        ("en,de-DE", "", "metres"),
        ("en-GB", "", "metres"),
        ("zh-Hans-CN, us", "", "metres"),
        ("-,;;q=x", "", "metres"),
        ("", "", "metres"),
        ("en-US", "metres", "metres"),
        ("", "feet", "feet"),
        ("en-US", "fathoms", "feet"),
    ],
)
async def test_a_page_comes_in_the_units_that_were_chosen_or_are_usual_in_a_region(
    settings: Any, accepted: str, chosen: str, found: str
) -> None:
    settings.WHITENOISE_AUTOREFRESH = True  # no file is collected here
    async with served() as process:
        reader = ProcessClient(process.state)
        if chosen:
            reader.cookies["units"] = chosen
        answer = await reader.get("/rules", headers={"accept-language": accepted})
        assert f'data-units="{found}"' in answer.content.decode()
