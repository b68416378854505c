"""The HTTP API as a program uses it, with a bearer. Nothing of the server is imported."""

import itertools
from collections.abc import Sequence
from typing import Any, Self

import httpx

Frame = dict[str, Any]

TIMEOUT_S = 30.0


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def sent_by(address: str) -> dict[str, str]:
    """What a proxy in front says of a client of this address: believed where `TRUSTED_PROXIES` is
    1. Nothing for `""`."""
    return {"X-Forwarded-For": address} if address else {}


class ApiError(Exception):
    """A refused call: its code, and after how many seconds to try again (0: do not)."""

    def __init__(self, code: str, retry_after: int) -> None:
        super().__init__(code)
        self.code, self.retry_after = code, retry_after


class Api:
    """Calls the HTTP API for any number of people, at each of `server_urls` in turn, as from an
    `address` if one is given. `paid_s` is how long it worked for each session that cost work.
    """

    def __init__(self, server_urls: Sequence[str], address: str = "") -> None:
        self.paid_s: list[float] = []
        self.server_urls = itertools.cycle(server_urls)
        # It closes an idle connection long before the server does, so that no call meets that.
        limits = httpx.Limits(max_connections=32, keepalive_expiry=1)
        self.http = httpx.AsyncClient(
            timeout=TIMEOUT_S, trust_env=False, limits=limits, headers=sent_by(address)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *why: object) -> None:
        await self.http.aclose()

    async def call(self, method: str, path: str, key: str = "", **body: Any) -> Frame:
        """The JSON of the answer, `{}` for none. Raises ApiError, httpx.HTTPError."""
        headers = bearer(key) if key else {}
        content = body if method != "GET" else None
        answer = await self.http.request(
            method, next(self.server_urls) + path, json=content, headers=headers
        )
        if answer.is_error:
            raise error_of(answer)
        return dict(answer.json()) if answer.content else {}


def error_of(answer: httpx.Response) -> ApiError:
    """The error of a refusal; one without our fields is a proxy's."""
    try:
        fields = answer.json()
        return ApiError(fields["code"], fields.get("retry_after", 0))
    except (ValueError, KeyError, TypeError):
        return ApiError(f"http-{answer.status_code}", 1)
