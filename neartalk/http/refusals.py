"""A refusal without Django: as JSON, as the fragment of the page, or as a page."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import override

from neartalk.codes import Refused
from neartalk.http.language import language_of

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

# What is still sent of a body too large is read for so long: its sender is to read the answer.
LINGER_S = 2.0
HEADERS = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'self'; img-src 'self' data:"),
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"Accept-Language, Cookie"),
]


async def answer(
    refused: Refused, scope: Any, headers: Mapping[bytes, bytes], receive: Receive, send: Send
) -> None:
    """Sends a refusal as the caller reads it. One of a body closes the connection."""
    form = form_of(scope["path"], headers)
    kind, body = rendered(refused.code, refused.retry_after, form, language_of(headers))
    about = [*HEADERS, (b"content-type", kind), (b"content-length", b"%d" % len(body))]
    if refused.retry_after is not None:
        about.append((b"retry-after", b"%d" % refused.retry_after))
    unread = refused.rule is None
    if unread:
        about.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": refused.row.status, "headers": about})
    await send({"type": "http.response.body", "body": body, "more_body": unread})
    if unread:
        await read_on(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def read_on(receive: Receive) -> None:
    """Reads what is still sent, for a while."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            while (await receive()).get("more_body", False):
                pass


def form_of(path: str, headers: Mapping[bytes, bytes]) -> str:
    """How the caller reads an answer: `fragment`, `json` or `page`."""
    if b"hx-request" in headers:
        return "fragment"
    return "json" if path.startswith("/api/") else "page"


@lru_cache(2_000)
def rendered(
    code: str, retry_after: int | None, form: str, language: str = "en"
) -> tuple[bytes, bytes]:
    """The content type and the body of a refusal in a language."""
    refused = Refused(code, retry_after=retry_after)
    with override(language):
        if form == "json":
            return b"application/json", json.dumps(refused.fields()).encode()
        template = "_refusal.html" if form == "fragment" else "refused.html"
        page = render_to_string(template, {"refusal": refused})
    return b"text/html; charset=utf-8", page.encode()
