"""Credentials for the relay: valid for ten minutes, and without the session's name."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING

import pytest
from django.template.loader import get_template

from voice.ice import LIFE_S, credentials, servers

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

NOW_S = 1_700_000_000


def test_the_password_is_what_the_relay_computes_from_the_name() -> None:
    found = credentials("secret", "a1" * 32, NOW_S)
    expected = hmac.new(b"secret", found.username.encode(), hashlib.sha1).digest()
    assert base64.b64decode(found.password) == expected


def test_the_name_says_when_it_ends_at_most_ten_minutes_from_now() -> None:
    found = credentials("secret", "a1" * 32, NOW_S)
    assert found.username.partition(":")[0] == str(found.expires_s)
    assert found.expires_s - NOW_S == LIFE_S <= 600


def test_a_name_stands_for_one_session_and_does_not_say_which() -> None:
    one, other = (credentials("secret", digest * 32, NOW_S) for digest in ("a1", "b2"))
    assert one.username != other.username
    assert "a1a1" not in one.username
    assert credentials("other secret", "a1" * 32, NOW_S).username != one.username
    assert credentials("secret", "a1" * 32, NOW_S) == one


@pytest.mark.parametrize(
    ("urls", "secret"), [([], ""), (["turn:relay.example"], ""), ([], "secret")]
)
def test_a_client_is_told_of_a_relay_only_where_there_is_one(
    urls: list[str], secret: str, settings: Settings
) -> None:
    settings.STUN_URLS, settings.TURN_URLS, settings.TURN_SECRET = (
        ["stun:one.example"],
        urls,
        secret,
    )
    assert servers("a1" * 32, NOW_S) == [{"urls": ["stun:one.example"]}]


def test_a_client_is_told_how_to_enter_the_relay(settings: Settings) -> None:
    settings.STUN_URLS, settings.TURN_URLS = [], ["turn:relay.example"]
    settings.TURN_SECRET = "secret"
    username, password, _ = credentials("secret", "a1" * 32, NOW_S)
    assert servers("a1" * 32, NOW_S) == [
        {"urls": ["turn:relay.example"], "username": username, "credential": password}
    ]


@pytest.mark.parametrize(("urls", "relay"), [(["turn:relay.example"], "yes"), ([], "no")])
def test_the_page_says_whether_there_is_a_relay_before_anything_is_asked_for(
    urls: list[str], relay: str, settings: Settings
) -> None:
    settings.DEBUG = False
    settings.TURN_URLS, settings.TURN_SECRET = urls, "secret" if urls else ""
    shown = get_template("_voice.html").render()
    assert f'data-relay="{relay}"' in shown
    switch = re.search(r'<input [^>]*id="voice-shield"[^>]*>', shown)
    assert switch
    assert (" checked" in switch[0], " disabled" in switch[0]) == (bool(urls), not urls)
    assert ("They can see your address" in shown) is not bool(urls)
    assert "secret" not in shown
    assert "relay.example" not in shown
