"""The header by which the page knows an answer of ours from that of a captive portal or a CDN."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

SIGNATURE = (b"neartalk", b"1")

Send = Callable[[Any], Awaitable[None]]


def signed(send: Send) -> Send:
    """An ASGI `send` that signs each answer, also those that no middleware has seen."""

    async def send_signed(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), SIGNATURE]
        await send(message)

    return send_signed
