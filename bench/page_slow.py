"""How long somebody with a slow phone waits between the tap and "Live", and what for.

    python bench/page_slow.py [--url URL] [--rounds N]

Slow 3G as Chromium's developer tools have it: 400 kbit/s both ways and 400 ms a round trip, and a
CPU four times slower. One taps as soon as the button works, another reads for five seconds first.
What is fetched after the tap is counted, since time depends on the machine. The server that is
started has collected its static files, as an operator's has.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.async_api import async_playwright, expect

from bench.browsers import PATIENCE_MS, PHONE, chromium
from bench.page_cpu import SPOT
from bench.stacks import NEARTALK
from tests.support.servers import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import CDPSession, Page

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
READING_S = 5.0
LATENCY_MS = 400
BYTES_S = 400_000 / 8
SLOWER = 4


@dataclass
class PageTraffic:
    """What went over the wire since it was emptied."""

    requests: list[str] = field(default_factory=list)
    fetched: float = 0.0
    sockets: int = 0

    def follow(self, devtools: CDPSession) -> None:
        devtools.on("Network.requestWillBeSent", self.sent)
        devtools.on("Network.loadingFinished", self.finished)
        devtools.on("Network.webSocketCreated", self.opened)

    def sent(self, event: dict[str, Any]) -> None:
        self.requests.append(event["request"]["url"])

    def finished(self, event: dict[str, Any]) -> None:
        self.fetched += event["encodedDataLength"]

    def opened(self, _: dict[str, Any]) -> None:
        self.sockets += 1


async def slow_down(devtools: CDPSession) -> None:
    speed = {"downloadThroughput": BYTES_S, "uploadThroughput": BYTES_S}
    await devtools.send("Network.enable")
    await devtools.send(
        "Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY_MS, **speed}
    )
    await devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})


async def arrive_once(page: Page, url: str, reading_s: float) -> dict[str, float]:
    """Seconds, and what was fetched for it, of somebody who reads for so long before the tap."""
    devtools = await page.context.new_cdp_session(page)
    await slow_down(devtools)
    wire = PageTraffic()
    loop = asyncio.get_running_loop()
    start = loop.time()
    await page.goto(url)
    button = page.get_by_role("button", name="See who is near")
    await expect(button).to_be_enabled(timeout=PATIENCE_MS)
    ready = loop.time()
    await asyncio.sleep(reading_s)
    tapped = loop.time()
    wire.follow(devtools)
    await button.click()
    await page.wait_for_url("**/near", wait_until="commit")
    committed = loop.time()
    live = page.locator('#status[data-state="live"]')
    await live.wait_for(state="attached", timeout=PATIENCE_MS)
    end = loop.time()
    return {
        "ready_s": ready - start,
        "page_s": committed - tapped,
        "live_s": end - tapped,
        "requests": len(wire.requests),
        "fetched_kb": wire.fetched / 1000,
    }


async def measured(url: str, rounds: int = ROUNDS) -> dict[str, float]:
    """Medians: seconds until the button works, from the tap to the page, and to Live; those that
    begin with `read` are of who read first."""
    where = {"latitude": SPOT[0], "longitude": SPOT[1], "accuracy": 20}
    found: dict[str, list[float]] = {}
    async with async_playwright() as playwright:
        for prefix, reading_s in (("", 0.0), ("read_", READING_S)) * rounds:
            async with AsyncExitStack() as stack:
                visitor = chromium(playwright, geolocation=where, **PHONE)
                context = await stack.enter_async_context(visitor)
                once = await arrive_once(await context.new_page(), url, reading_s)
            for name, value in once.items():
                found.setdefault(prefix + name, []).append(value)
    return {name: median(values) for name, values in found.items()}


@contextmanager
def serving(url: str | None) -> Iterator[str]:
    """An address that is given, or that of a server whose static files were collected."""
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        settings = {**NEARTALK, "STATIC_ROOT": folder}
        collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "-v", "0"]
        environment = {**os.environ, **settings, "SECRET_KEY": "collecting"}
        subprocess.run(collect, cwd=ROOT, env=environment, check=True)
        server = Server("uvicorn", settings)
        try:
            yield server.start().url
        finally:
            server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    with serving(asked.url) as url:
        found = asyncio.run(measured(url, asked.rounds))
    for name, value in found.items():
        print(f"{name:16} {value:12,.3f}")


if __name__ == "__main__":
    main()
