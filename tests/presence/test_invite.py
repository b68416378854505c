"""The QR code and the link that lead others here hold the address of the first page and no more,
whatever a request claims."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
import segno
from django.core.exceptions import DisallowedHost
from django.http import Http404
from django.test import RequestFactory

from presence import views
from presence.invite import qr_svg

if TYPE_CHECKING:
    from django.http import HttpRequest
    from pytest_django.fixtures import Settings

SITE = "https://near.example.org"
HOSTILE = ("evil.example", "near.example.org.evil.example", "near.example.org@evil.example", "a b")


def asked(host: str = "near.example.org", path: str = "/invite.svg") -> HttpRequest:
    made = RequestFactory().get(f"{path}?cell=u33dc0x&key=secret", headers={"host": host})
    made.COOKIES.update({"neartalk": "a" * 43})
    return made


async def code_for(request: HttpRequest) -> bytes:
    return (await views.invite_code(request)).content


async def test_the_code_is_that_of_the_first_page_and_nothing_of_the_request(
    settings: Settings,
) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = SITE, ["near.example.org"]
    answer = await views.invite_code(asked())
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.content == qr_svg(f"{SITE}/")
    assert views.invite_url(asked(path="/near")) == f"{SITE}/"


async def test_a_host_is_in_the_code_only_where_it_is_named(settings: Settings) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = "", ["near.example.org"]
    assert await code_for(asked()) == qr_svg("http://near.example.org/")
    for host in HOSTILE:
        with pytest.raises(DisallowedHost):
            await views.invite_code(asked(host))
    settings.ALLOWED_HOSTS = ["*"]
    assert views.invite_url(asked("evil.example")) == ""
    with pytest.raises(Http404):
        await views.invite_code(asked("evil.example"))
    settings.SITE_URL = SITE
    assert await code_for(asked("evil.example")) == qr_svg(f"{SITE}/")


def test_the_picture_is_dark_on_white_with_a_margin_and_no_style_or_script() -> None:
    """What its modules are is segno's matter: they are those of its matrix."""
    url = f"{SITE}/"
    drawn = ElementTree.fromstring(qr_svg(url))  # noqa: S314 our own
    code = segno.make(url, error="m", micro=False)
    side = code.symbol_size(border=4)[0]
    assert drawn.get("viewBox") == f"0 0 {side} {side}"
    ground, modules = drawn
    assert (ground.get("fill"), modules.get("stroke")) == ("#fff", "#0b4350")
    assert {one.tag.rpartition("}")[2] for one in drawn} == {"path"}
    names = {name for one in drawn.iter() for name in one.attrib}
    assert names <= {"viewBox", "class", "fill", "stroke", "d"}
