"""The pages of words: safety, terms and rules, who runs the server, and from which age on it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.template.loader import render_to_string
from django.test import RequestFactory

from neartalk.environment import paragraphs
from presence import views

if TYPE_CHECKING:
    from pathlib import Path

    from django.http import HttpRequest
    from pytest_django.fixtures import Settings

PAGES = ("welcome.html", "safety.html", "terms.html", "rules.html", "privacy.html")
HOSTILE = "<script>alert(1)</script> & {{ settings.SECRET_KEY }} **bold** <a href='javascript:x'>"


def request(path: str) -> HttpRequest:
    return RequestFactory().get(path)


async def text_of(path: str) -> str:
    view = {"/safety": views.safety, "/terms": views.terms}[path]
    return (await view(request(path))).content.decode()


async def test_the_page_about_safety_speaks_of_meeting_money_children_and_reports() -> None:
    page = await text_of("/safety")
    for words in ("Meeting", "Money", "Children", "Block", "Report", "112", "after 30 minutes"):
        assert words in page


async def test_terms_of_the_operator_stand_in_place_of_ours_as_plain_text(
    settings: Settings, tmp_path: Path
) -> None:
    assert "What nobody promises" in await text_of("/terms")
    file = tmp_path / "terms.txt"
    file.write_bytes(f"\ufeffOne.\r\nTwo.\r\n\r\n \r\n{HOSTILE}\n".encode())
    settings.TERMS = paragraphs("TERMS_FILE", str(file))
    page = await text_of("/terms")
    assert "<p>One.<br>Two.</p>" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; {{ settings.SECRET_KEY }} **bold**" in page
    assert "<script>alert" not in page
    assert "href='javascript" not in page
    assert "What nobody promises" not in page


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "can't be read"),
        (b"\xff\xfe", "UTF-8"),
        (b" \n\n ", "empty"),
        (b"a" * 200_001, "over"),
    ],
)
def test_a_file_of_terms_that_cannot_be_shown_is_refused_at_the_start(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    file = tmp_path / "terms.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match="TERMS_FILE") as refused:
        paragraphs("TERMS_FILE", str(file))
    assert why in str(refused.value)


def test_a_folder_is_no_file_and_no_file_is_ours(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="can't be read"):
        paragraphs("TERMS_FILE", str(tmp_path))
    assert paragraphs("TERMS_FILE", " ") == []


@pytest.mark.parametrize("template", PAGES)
def test_who_runs_the_server_stands_on_each_page_where_it_is_set(
    settings: Settings, template: str
) -> None:
    assert "is run by" not in render_to_string(template, views.figures())
    settings.OPERATOR_NAME, settings.OPERATOR_CONTACT = "Fountain & Co", "hello@example.org"
    page = render_to_string(template, views.figures())
    assert "run by Fountain &amp; Co. Reach them:" in page
    assert '<a class="in-line" href="mailto:hello@example.org" rel="noopener noreferrer">' in page


def test_either_half_of_who_runs_the_server_makes_a_sentence(settings: Settings) -> None:
    settings.OPERATOR_NAME = "The library"
    assert "This server is run by The library.</p>" in render_to_string(
        "rules.html", views.figures()
    )
    settings.OPERATOR_NAME, settings.OPERATOR_CONTACT = "", "https://example.org/contact"
    assert (
        'by somebody. Reach them:\n  <a class="in-line" href="https://example.org'
        in render_to_string("rules.html", views.figures())
    )


def test_the_age_is_said_before_anybody_comes_in_and_is_the_operators_to_set(
    settings: Settings,
) -> None:
    page = render_to_string("welcome.html", views.figures())
    assert "For people of 16 and older." in page
    assert all(f'href="/{name}"' in page for name in ("rules", "terms", "safety", "privacy"))
    settings.MINIMUM_AGE = 18
    assert "For people of 18 and older." in render_to_string("welcome.html", views.figures())
    settings.MINIMUM_AGE = 0
    for template in ("welcome.html", "safety.html", "terms.html"):
        assert "and older" not in render_to_string(template, views.figures())
