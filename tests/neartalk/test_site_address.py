"""Links that leave the page lead to this server, whatever a request claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import DisallowedHost
from django.test import RequestFactory

from neartalk.http import site_link, site_origin

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings


def origin_at(host: str) -> str:
    return site_origin(RequestFactory().get("/invite.svg", headers={"host": host}))


def test_the_setting_is_believed_before_any_host(settings: Settings) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://near.example.org", ["*"]
    assert origin_at("evil.example") == "https://near.example.org"
    assert site_link("/admin/") == "https://near.example.org/admin/"


def test_a_host_is_believed_where_it_is_named_and_refused_elsewhere(settings: Settings) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = "", ["near.example.org"]
    assert origin_at("near.example.org") == "http://near.example.org"
    for hostile in (
        "evil.example",
        "near.example.org.evil.example",
        "near.example.org@evil",
        "<b>",
    ):
        with pytest.raises(DisallowedHost):
            origin_at(hostile)
    settings.SITE_URL = "https://near.example.org"
    with pytest.raises(DisallowedHost):
        origin_at("evil.example")


def test_a_server_that_takes_any_name_knows_none(settings: Settings) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = "", ["*"]
    assert origin_at("evil.example") == ""
    assert site_link("/admin/") == "/admin/"


def test_a_link_is_made_of_the_first_plain_name(settings: Settings) -> None:
    settings.SITE_URL, settings.HTTPS = "", True
    settings.ALLOWED_HOSTS = [".example.org", "near.example.org"]
    assert site_link("/admin/") == "https://near.example.org/admin/"
