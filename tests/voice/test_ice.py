"""Credentials for the relay: valid for ten minutes, and without the session's name."""

import base64
import hashlib
import hmac

from voice.ice import LIFE_S, credentials

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
