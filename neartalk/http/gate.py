"""What a call must pass before Django is asked: its size, how many its session makes, and how much
its network does already. Its body is read here, to an end and in time.

An answer of the gate costs a fraction of a page.
"""

import asyncio
import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from django.conf import settings

from neartalk.codes import Refused
from neartalk.http.middleware import admin_path
from neartalk.http.refusals import Message, Receive, Send, answer
from neartalk.limits import Meters, narrowest
from neartalk.parts import Platform

AsgiApplication = Callable[[Any, Receive, Send], Awaitable[None]]

BODY_S = 10.0
# What Django does around its middleware, and on threads, where nobody measures it.
OVERHEAD_S = 0.001
ADMIN_S = 0.01
KEY = re.compile(rb"(?:^|;\s*)(?:__Host-)?neartalk=([^;]+)")
BEARER = b"bearer "


class Gate:
    """In front of Django, one a process. `scope["lane"]` is the lane of the call from here on."""

    def __init__(self, application: AsgiApplication) -> None:
        self.application = application
        self.key = secrets.token_bytes(16)
        self.meters: Meters | None = None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        platform: Platform = scope["state"]["neartalk"]
        headers = dict(scope["headers"])
        try:
            self._allow(platform, scope, headers)
            body = await body_of_call(headers, receive)
        except Refused as refused:
            await count_refusal(platform, scope, refused)
            await answer(refused, scope, headers, receive, send)
        except ConnectionResetError:
            return
        else:
            await self.application(scope, replayed(body, receive), send)

    def _allow(self, platform: Platform, scope: Any, headers: Mapping[bytes, bytes]) -> None:
        """Raises Refused: `too-large`, `too-many-calls`."""
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length[:20]) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise Refused("too-large")
        lane = scope["lane"] = platform.lanes.of_scope(scope)
        # A page is some ninety files, and asks after each of them when it is loaded again.
        counts = not scope["path"].startswith(settings.STATIC_URL)
        if counts and (key := key_in(headers)):
            self.meters = self.meters or Meters(platform.rules, "session.call")
            digest = hashlib.blake2b(key, key=self.key, digest_size=8).digest()
            self.meters.allow(digest, "too-many-calls")
        if lane.full:
            raise lane.refusal()
        lane.charge(ADMIN_S if scope["path"].startswith(admin_path()) else OVERHEAD_S)


def key_in(headers: Mapping[bytes, bytes]) -> bytes:
    """The session key of a call, as it came; empty if there is none."""
    bearer = headers.get(b"authorization", b"")
    if bearer[: len(BEARER)].lower() == BEARER:
        return bearer[len(BEARER) :].strip()
    found = KEY.search(headers.get(b"cookie", b""))
    return found[1] if found else b""


async def body_of_call(headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
    """The whole body.

    Raises Refused: `too-large`, `timed-out`; ConnectionResetError if the client is gone.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ConnectionResetError
                body += message.get("body", b"")
                if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
                    raise Refused("too-large")
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError as late:
        raise Refused("timed-out") from late


def replayed(body: bytes, receive: Receive) -> Receive:
    """Hands out a body that was read, and then whatever comes."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return messages.pop() if messages else await receive()

    return next_message


async def count_refusal(platform: Platform, scope: Any, refused: Refused) -> None:
    """Counts a refusal, and a limit that was met by whoever asked; while the store is lost nobody
    knows by whom."""
    platform.instruments.count_refusal(refused)
    if refused.rule:
        origin: Mapping[str, str] = {}
        with suppress(Refused):
            origin = await platform.origins.of(scope)
        platform.records.hits.count(refused.rule, narrowest(origin))
