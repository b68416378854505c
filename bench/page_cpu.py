"""What a page costs its device in a busy place: CPU seconds of Chromium's main thread a minute.

    python bench/page_cpu.py [--shown N] [--seconds N] [--url URL]

Without an address a server of its own is started. So many messages are shown first, and then 200 a
minute are said. Times are those of the thread, not of the wall: a machine that does much else makes
them little longer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from contextlib import AsyncExitStack, contextmanager, suppress
from itertools import count, cycle
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.async_api import async_playwright, expect
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from bench.browsers import PATIENCE_MS, PHONE, chromium
from bench.stacks import STACKS, running
from chat.devtools.people import arrive
from neartalk.devtools import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import CDPSession, Page
    from websockets.asyncio.client import ClientConnection

SPOT = 52.52, 13.405
RADIUS_M = 500
SPEAKERS = 20
A_MINUTE = 200
SHOWN = 300
SECONDS = 30.0
SETTLE_S = 6.0
WORDS = "Does anyone know when the market by the station opens today?"
# What Chromium counts, and what we call it. Durations are seconds.
METRICS = {
    "TaskDuration": "cpu_s",
    "ScriptDuration": "script_s",
    "RecalcStyleDuration": "style_s",
    "LayoutDuration": "layout_s",
    "RecalcStyleCount": "styles",
    "LayoutCount": "layouts",
}


class Speakers:
    """People near the page, who speak in turn."""

    def __init__(self, sockets: list[ClientConnection]) -> None:
        self.sockets = sockets
        self.turns = cycle(sockets)
        self.refs = count()

    async def send(self) -> None:
        number = next(self.refs)
        frame = {
            "type": "chat.send",
            "text": f"{number} {WORDS} {number}",
            "ref": f"page-cpu-{number:06}",
        }
        await next(self.turns).send(json.dumps(frame))

    async def keep_quiet(self) -> None:
        """Reads whatever comes, so that nobody is cut off for reading too slowly."""

        async def drain(socket: ClientConnection) -> None:
            async for frame in socket:
                if '"code"' in str(frame):
                    print(str(frame)[:200], file=sys.stderr)

        await asyncio.gather(*(drain(socket) for socket in self.sockets))


async def speakers(url: str, stack: AsyncExitStack) -> Speakers:
    sockets = []
    api = await stack.enter_async_context(Api([url]))
    for _ in range(SPEAKERS):
        visitor = await arrive(api, SPOT, RADIUS_M)
        socket = connect(
            url.replace("http", "ws", 1) + "/ws",
            additional_headers={"Authorization": f"Bearer {visitor.key}"},
            subprotocols=[Subprotocol("neartalk.json")],
            compression=None,
            proxy=None,
        )
        sockets.append(await stack.enter_async_context(socket))
    return Speakers(sockets)


async def sample(devtools: CDPSession, browser: CDPSession) -> dict[str, float]:
    """What the page has cost since it began; `process_s` is its whole process, with drawing."""
    found = (await devtools.send("Performance.getMetrics"))["metrics"]
    values = {METRICS[one["name"]]: one["value"] for one in found if one["name"] in METRICS}
    listed = (await browser.send("SystemInfo.getProcessInfo"))["processInfo"]
    renderers = [one["cpuTime"] for one in listed if one["type"] == "renderer"]
    return {**values, "process_s": sum(renderers)}


async def enter(page: Page, url: str) -> None:
    await page.goto(url)
    await page.get_by_role("button", name="See who is near").click()
    await page.wait_for_url("**/near")
    await expect(page.locator("#status")).to_have_text("Live", timeout=PATIENCE_MS)


async def fill(page: Page, crowd: Speakers, shown: int) -> None:
    for _ in range(shown):
        await crowd.send()
        await asyncio.sleep(0.01)
    await expect(page.locator("#messages > li")).to_have_count(shown, timeout=PATIENCE_MS)


async def talk(crowd: Speakers, seconds: float) -> None:
    """At an even pace, by the clock, however long each takes."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for turn in range(round(seconds * A_MINUTE / 60)):
        await asyncio.sleep(max(0.0, start + turn * 60 / A_MINUTE - loop.time()))
        await crowd.send()
    await asyncio.sleep(max(0.0, start + seconds - loop.time()))


async def measured(url: str, shown: int = SHOWN, seconds: float = SECONDS) -> dict[str, float]:
    """Seconds of CPU a minute, in all and by kind, and how often styles and layout were made."""
    where = {"latitude": SPOT[0], "longitude": SPOT[1], "accuracy": 20}
    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())
        context = await stack.enter_async_context(chromium(playwright, geolocation=where, **PHONE))
        crowd = await speakers(url, stack)
        reading = asyncio.create_task(crowd.keep_quiet())
        page = await context.new_page()
        devtools = await context.new_cdp_session(page)
        assert context.browser
        browser = await context.browser.new_browser_cdp_session()
        await devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        await enter(page, url)
        await fill(page, crowd, shown)
        await asyncio.sleep(SETTLE_S)
        before = await sample(devtools, browser)
        await talk(crowd, seconds)
        after = await sample(devtools, browser)
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
    return {name: (after[name] - before[name]) * 60 / seconds for name in after}


@contextmanager
def serving(url: str | None) -> Iterator[str]:
    """An address that is given, or that of a server which ends afterwards."""
    if url:
        yield url
        return
    with running(STACKS["neartalk"]) as servers:
        yield servers.urls[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url")
    parser.add_argument("--shown", type=int, default=SHOWN)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    asked = parser.parse_args()
    with serving(asked.url) as url:
        found = asyncio.run(measured(url, asked.shown, asked.seconds))
    for name, value in found.items():
        print(f"{name:16} {value:12,.3f}")


if __name__ == "__main__":
    main()
