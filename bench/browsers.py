"""People in voice, each in a Chromium of their own, and what it costs them."""

from __future__ import annotations

import asyncio
import math
import time
import wave
from array import array
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import psutil
from playwright.async_api import expect

from bench.kit import BUILD, Missing
from tests.browser.conftest import ARGUMENTS
from tests.support.chromium import find

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import BrowserContext, CDPSession, Locator, Page, Playwright

    from tests.support.client import Spot

DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 640},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
    "user_agent": "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Mobile Safari/537.36",
}
# As long as a machine needs that is full.
PATIENCE_MS = 60_000
RATE_HZ, PITCH_HZ, SYLLABLES_HZ, SPEECH_S = 48_000, 140, 4, 5
# What a person's processes are called in the tables; whatever is not named here is the browser.
PARTS = {
    "renderer": "page",
    "audio.mojom.AudioService": "audio",
    "network.mojom.NetworkService": "network",
}
# Before anything of the page runs: every connection and audio context, and long tasks.
WATCH = """
  window.calls = [];
  window.contexts = [];
  window.long = { tasks: 0, ms: 0 };
  const kept = (name, list) => {
    window[name] = class extends window[name] {
      constructor(...all) { super(...all); list.push(this); }
    };
  };
  kept('RTCPeerConnection', window.calls);
  kept('AudioContext', window.contexts);
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      window.long.tasks += 1;
      window.long.ms += duration;
    }
  }).observe({ type: 'longtask' });
"""
# Sums over all calls since they began. Each packet has an IPv4 and a UDP header.
LOOK = """async () => {
  const sum = {
    up: 0, down: 0, samples: 0, concealed: 0, waited_s: 0, emitted: 0, underrun_s: 0,
    long_tasks: window.long.tasks, long_ms: window.long.ms,
  };
  for (const call of window.calls) {
    for (const one of (await call.getStats()).values()) {
      if (one.type === 'candidate-pair') {
        sum.up += one.bytesSent + 28 * one.packetsSent;
        sum.down += one.bytesReceived + 28 * one.packetsReceived;
      } else if (one.type === 'inbound-rtp') {
        sum.samples += one.totalSamplesReceived;
        sum.concealed += one.concealedSamples - one.silentConcealedSamples;
        sum.waited_s += one.jitterBufferDelay;
        sum.emitted += one.jitterBufferEmittedCount;
      }
    }
  }
  for (const { playbackStats } of window.contexts) sum.underrun_s += playbackStats.underrunDuration;
  return sum;
}"""
# Returns once so many calls have each heard more than before: a promise, for the page's policy
# forbids to evaluate twice.
HEARD = """async (count) => {
  const before = new Map();
  for (;;) {
    let more = 0;
    for (const call of window.calls) {
      for (const one of (await call.getStats()).values()) {
        if (one.type !== 'inbound-rtp') continue;
        if (!before.has(call)) before.set(call, one.packetsReceived);
        if (one.packetsReceived > before.get(call)) more += 1;
      }
    }
    if (more >= count) return;
    await new Promise((done) => setTimeout(done, 200));
  }
}"""


@dataclass(frozen=True)
class Sample:
    """Where the clocks and counters of one person stand; CPU in seconds by part."""

    at_s: float
    cpu_s: dict[str, float]
    main_s: float
    page: dict[str, float]


class Talker:
    """One person's page in voice, and their Chromium."""

    def __init__(self, page: Page, devtools: CDPSession, chromium: CDPSession) -> None:
        self.page, self.devtools, self.chromium = page, devtools, chromium
        self.person_id = ""

    # ---- What they do ------------------------------------------------------------------------

    async def arrive(self, url: str) -> None:
        await self.page.goto(url)
        await self.page.get_by_role("button", name="See who is near").click()
        await self.page.wait_for_url("**/near")
        await expect(self.page.locator("#status")).to_have_text("Live", timeout=PATIENCE_MS)
        self.person_id = str(await self.page.locator("#self").get_attribute("data-person"))

    async def join(self) -> None:
        """Directly: there is no relay. On a narrow page the panel must be opened first."""
        start = self.page.locator("#voice-start")
        if not await start.is_visible():
            await self.page.locator("#voice-link").click()
        await self.page.locator("#voice-start[data-direct]").click()
        await self.page.locator("#voice-join").click()
        await expect(self.page.locator("#voice")).to_have_attribute(
            "data-phase", "in", timeout=PATIENCE_MS
        )

    async def knock(self, person_id: str) -> None:
        await press(self.tile(person_id).locator('[data-act="knock"]'))

    async def let_in(self, person_id: str) -> None:
        await press(self.tile(person_id).get_by_role("button", name="Let in"))

    async def mute(self, muted: bool) -> None:
        await press(self.page.locator("#voice-mute"))
        await expect(self.page.locator("#voice-mute")).to_have_attribute(
            "aria-pressed", str(muted).lower(), timeout=PATIENCE_MS
        )

    async def expect_sound(self, count: int) -> None:
        """Returns once so many others are live and heard."""
        live = self.page.locator('.tile[data-state="live"]')
        await expect(live).to_have_count(count, timeout=PATIENCE_MS)
        async with asyncio.timeout(PATIENCE_MS / 1000):
            await self.page.evaluate(HEARD, count)

    def tile(self, person_id: str) -> Locator:
        return self.page.locator(f'.tile[data-person="{person_id}"]')

    # ---- What it costs them ------------------------------------------------------------------

    async def slow_down(self, times: float) -> None:
        """Of the page's main thread only."""
        await self.devtools.send("Emulation.setCPUThrottlingRate", {"rate": times})

    async def sample(self) -> Sample:
        cpu_s: dict[str, float] = {}
        for part, process in await self.processes():
            spent = process.cpu_times()
            cpu_s[part] = cpu_s.get(part, 0.0) + spent.user + spent.system
        metrics = (await self.devtools.send("Performance.getMetrics"))["metrics"]
        main_s = next(one["value"] for one in metrics if one["name"] == "TaskDuration")
        page = await self.page.evaluate(LOOK)
        return Sample(time.monotonic(), cpu_s, main_s, page)

    async def memory(self) -> dict[str, float]:
        """MB that are theirs alone (USS), of the page and of all, and with a share of what
        processes have in common (PSS)."""
        found = {"page_mb": 0.0, "mb": 0.0, "pss_mb": 0.0}
        for part, process in await self.processes():
            memory = process.memory_full_info()
            found["mb"] += memory.uss / 2**20
            found["pss_mb"] += memory.pss / 2**20
            found["page_mb"] += memory.uss / 2**20 if part == "page" else 0
        return found

    async def processes(self) -> list[tuple[str, psutil.Process]]:
        listed = (await self.chromium.send("SystemInfo.getProcessInfo"))["processInfo"]
        return [(PARTS.get(one["type"], "browser"), psutil.Process(one["id"])) for one in listed]


async def press(button: Locator) -> None:
    """Without waiting until it stands still, which takes long on a busy machine."""
    await button.evaluate("(button) => button.click()")


def spent(before: Sample, after: Sample, calls: int) -> dict[str, float]:
    """What one person spent between two samples: shares of one core, kbit/s, and what of the sound
    had to be made up."""
    passed_s = after.at_s - before.at_s
    page = {name: value - before.page[name] for name, value in after.page.items()}
    cpu = {
        part: (value - before.cpu_s.get(part, 0.0)) / passed_s
        for part, value in after.cpu_s.items()
    }
    shares = {f"cpu_{part}": cpu.get(part, 0.0) for part in (*PARTS.values(), "browser")}
    return {
        "cpu": sum(cpu.values()),
        **shares,
        "main": (after.main_s - before.main_s) / passed_s,
        "long_tasks": page["long_tasks"] / passed_s,
        "long": page["long_ms"] / 1000 / passed_s,
        "up_kbit": page["up"] * 8 / 1000 / passed_s,
        "down_kbit": page["down"] * 8 / 1000 / passed_s,
        "each_kbit": page["up"] * 8 / 1000 / passed_s / max(1, calls),
        "concealed": page["concealed"] / max(1, page["samples"]),
        "buffer_ms": page["waited_s"] * 1000 / max(1, page["emitted"]),
        "underrun": page["underrun_s"] / passed_s,
    }


@asynccontextmanager
async def chromium(playwright: Playwright, **options: Any) -> AsyncIterator[BrowserContext]:
    """A Chromium with one visitor, whose microphone hears somebody who never stops."""
    path = find()
    if path is None:
        raise Missing("no Chromium is here: python tests/support/chromium.py installs one")
    arguments = [
        *ARGUMENTS,
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={speech()}",
        "--allow-loopback-in-peer-connection",
    ]
    browser = await playwright.chromium.launch(executable_path=path, args=arguments)
    try:
        context = await browser.new_context(permissions=["geolocation", "microphone"], **options)
        context.set_default_timeout(PATIENCE_MS)
        yield context
    finally:
        await browser.close()


@asynccontextmanager
async def talker(
    playwright: Playwright, url: str, spot: Spot, **options: Any
) -> AsyncIterator[Talker]:
    """Somebody who has come and joined voice."""
    async with AsyncExitStack() as stack:
        where = {"latitude": spot[0], "longitude": spot[1], "accuracy": 20}
        context = await stack.enter_async_context(
            chromium(playwright, geolocation=where, **options)
        )
        await context.add_init_script(WATCH)
        page = await context.new_page()
        devtools = await context.new_cdp_session(page)
        await devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        assert context.browser
        one = Talker(page, devtools, await context.browser.new_browser_cdp_session())
        await one.arrive(url)
        await one.join()
        yield one


@cache
def speech() -> Path:
    """A voice that never pauses, so that every packet costs its full price: a pitch with all its
    overtones, in syllables."""
    path = BUILD / "speech.wav"
    samples = array("h", map(loudness, range(RATE_HZ * SPEECH_S)))
    BUILD.mkdir(exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
    return path


def loudness(at: int) -> int:
    second = at / RATE_HZ
    glide = 8 * math.sin(2 * math.pi * second)
    buzz = 2 * ((PITCH_HZ + glide) * second % 1) - 1
    syllable = 0.6 + 0.4 * math.sin(2 * math.pi * SYLLABLES_HZ * second)
    return round(12_000 * buzz * syllable)
