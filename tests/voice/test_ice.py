"""Credentials for the relay: valid for ten minutes, and without the session's name."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

import pytest

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
