"""Cookies cost no more than they are long, and odd ones hide none of ours."""

from __future__ import annotations

from http import cookies as standard
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from neartalk.http import CallHandler, language_of
from presence.sessions import cookie_in

if TYPE_CHECKING:
    from collections.abc import Callable

LONG = 'a="' + "\\a" * 4_000 + '"'
ODD = ["a[x]=1", 'b={"c":"d"}', "alone", "é=1", LONG, '"', "=x", ""]


def by_page(header: str) -> tuple[str, str]:
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b""}
    scope["headers"] = [(b"cookie", header.encode("latin-1"))]
    request = CallHandler.request_class(scope, BytesIO())
    return request.COOKIES.get("language", ""), request.COOKIES.get("neartalk", "")


def by_socket(header: str) -> tuple[str, str]:
    return language_of({b"cookie": header.encode("latin-1")}), cookie_in(header) or ""


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("reader", [by_page, by_socket])
def test_a_cookie_of_ours_is_read_whatever_stands_before_it(
    reader: Callable[[str], tuple[str, str]], odd: str
) -> None:
    assert reader(f"{odd}; language=de; neartalk=key") == ("de", "key")


@pytest.mark.parametrize("reader", [by_page, by_socket])
def test_nobody_unquotes_what_takes_long(
    monkeypatch: pytest.MonkeyPatch, reader: Callable[[str], tuple[str, str]]
) -> None:
    lengths: list[int] = []
    unquote: Any = standard._unquote

    def counted(text: str) -> str:
        lengths.append(text.count("\\"))
        return str(unquote(text))

    monkeypatch.setattr(standard, "_unquote", counted)
    reader(f"{LONG}; language=de")
    assert sum(lengths) == 0
