"""Two people meet through the proxy: the page, its style, two sessions, two sockets, a message.

`visit.py https://example.org` with the server's own Python. It needs no account and leaves nothing
that does not go by itself within half an hour; ends with 1 and the reason where something is amiss.
"""

import asyncio
import json
import re
import ssl
import sys
import time
from argparse import ArgumentParser
from contextlib import AsyncExitStack
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

TIMEOUT_S = 10
# The middle of a cell in the South Atlantic, where nobody is disturbed.
SPOT = {"lat": -35.0, "lon": -15.0, "radius": 100}


async def page(http: httpx.AsyncClient) -> None:
    """The page and its style come, and over TLS alone from now on."""
    answer = (await http.get("/")).raise_for_status()
    if answer.url.scheme == "https" and "strict-transport-security" not in answer.headers:
        raise ValueError("no HSTS: the app does not know that it is behind TLS")
    style = re.search(r'<link rel="stylesheet" href="([^"]+)"', answer.text)
    if style is None:
        raise ValueError("this is not the page of NearTalk")
    (await http.get(style[1])).raise_for_status()


async def arrive(http: httpx.AsyncClient, name: str) -> dict[str, str]:
    """A session with a place; the headers that name it."""
    answer = await http.post("/api/session/create", json={"username": name})
    key = answer.raise_for_status().json()["session_id"]
    headers = {"Authorization": f"Bearer {key}"}
    (await http.post("/api/location/update", json=SPOT, headers=headers)).raise_for_status()
    return headers


async def frame(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next frame of this type; several may come in one."""
    while True:
        found = json.loads(await socket.recv())
        for one in found if isinstance(found, list) else [found]:
            if one["type"] == kind:
                return dict(one)


async def meet(url: str, trust: ssl.SSLContext) -> float:
    """Milliseconds from one to the other."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=url, verify=trust, timeout=TIMEOUT_S, follow_redirects=True)
        )
        await page(http)
        sockets = [
            await stack.enter_async_context(
                connect(
                    f"{url.replace('http', 'ws', 1)}/ws",
                    subprotocols=[Subprotocol("neartalk.json")],
                    additional_headers=await arrive(http, name),
                    ssl=trust if url.startswith("https:") else None,
                )
            )
            for name in ("alice", "bob")
        ]
        for socket in sockets:
            await frame(socket, "mark")
        alice, bob = sockets
        began = time.perf_counter()
        said = {"type": "chat.send", "text": "Hello from a visit", "ref": f"visit-{time.time_ns()}"}
        await alice.send(json.dumps(said))
        heard = await frame(bob, "chat.message")
        took_ms = (time.perf_counter() - began) * 1000
        await alice.send(json.dumps({"type": "chat.remove", "id": heard["id"]}))
        await frame(bob, "chat.gone")
    return took_ms


async def visit(url: str, trust: ssl.SSLContext) -> float:
    async with asyncio.timeout(3 * TIMEOUT_S):
        return await meet(url, trust)


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("url", help="as people write it: https://example.org")
    parser.add_argument("--ca", help="a file with the root to trust, for Caddy's own authority")
    asked = parser.parse_args()
    trust = ssl.create_default_context(cafile=asked.ca)
    try:
        took_ms = asyncio.run(visit(asked.url.rstrip("/"), trust))
    except (OSError, TimeoutError, ValueError, httpx.HTTPError) as why:
        sys.stderr.write(f"{asked.url}: {type(why).__name__}: {why}\n")
        return 1
    sys.stdout.write(
        f"{asked.url}: the page is there, and a message was heard {took_ms:.0f} ms on\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
