"""A visit in Chromium whose server is the test: all that a page could keep or send is taken down.

Two visits have the same acts at the same times, and are in the same cells; what the device says of
where it is differs in all that the cell does not tell.
"""

from __future__ import annotations

import json
import random
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error as NavigationError

from chat.feed import RenderedMessage
from chat.messages import Message, StreamId
from presence.delivery import Form, panel, signal
from presence.roster import Entry, Listing
from presence.values import Place
from tests.noninterference.oracles import around, first_difference
from tests.noninterference.scene import AREA_X, AREA_Y, cell_of, position
from tests.support.waiting import WAIT_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Request, Route, WebSocketRoute

SINKS = Path(__file__).with_name("page_sinks.js").read_text()
HOST = "https://near.example"
NOW_MS = 1_800_000_000_000
OTHER, OWN = "1e8636d6838babda", "e9a73cd20a784162"
BESIDE_BOB = Listing({OTHER: Entry(0, OTHER, "Bob")}, {0: 1})
SIGNED = {"NearTalk": "1", "Content-Type": "text/html; charset=utf-8"}
# When a tab was in voice last: by the server's clock or, until that is known, by the device's. What
# comes first is up to the network.
SEEN = re.compile(r"(seen\W+)\d{13}")
STEP_MS = 5_000
# Letters of a moment before what happened in it.
MOMENT = 5
POLL_MS = 25
STILL = 5
# The acts after which somebody has arrived and stayed.
EARLY = 3
# What differs between two visits by itself.
OF_THE_BROWSER = {"user-agent", "sec-ch-ua", "accept-encoding", "accept-language", "content-length"}


@dataclass
class Device:
    """How a device finds itself: anywhere in the cell, as sure as it is, and as often."""

    seed: int
    accuracy_m: float
    wobbles: int
    late_ms: int
    moving: bool
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def fix(self, cell: tuple[int, int]) -> dict[str, Any]:
        lat, lon = position(cell, (self.chance.uniform(0.1, 0.9), self.chance.uniform(0.1, 0.9)))
        return {
            "latitude": lat,
            "longitude": lon,
            "accuracy": self.accuracy_m + self.chance.random(),
            "altitude": self.chance.uniform(30, 90) if self.moving else None,
            "altitudeAccuracy": None,
            "heading": self.chance.uniform(0, 360) if self.moving else None,
            "speed": self.chance.uniform(0, 2) if self.moving else None,
        }


DEVICES = (
    Device(1, 8.0, 0, 0, moving=True),
    Device(2, 62.0, 4, 700, moving=False),
)


@dataclass
class PageWorld:
    """`records` are what scripts did, in their order; `calls` and frames what left; `kept` what was
    found after each act."""

    page: Page
    device: Device
    pages: dict[str, str]
    assets: dict[str, tuple[bytes, str]]
    records: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)
    voice_frames: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    kept: list[tuple[str, str]] = field(default_factory=list)
    open: int = 0
    moment: int = 0
    socket: WebSocketRoute | None = None
    cell: tuple[int, int] = (AREA_X + 60, AREA_Y + 60)

    def watch(self) -> None:
        """Counts the requests that are open."""

        def add(count: int) -> Any:
            def counted(request: Request) -> None:
                self.open += count

            return counted

        self.page.on("request", add(1))
        self.page.on("requestfinished", add(-1))
        self.page.on("requestfailed", add(-1))

    def note(self, where: list[str], text: str) -> None:
        """Takes down what happened with the moment in which it did: between two, time passes."""
        where.append(f"{self.moment:0{MOMENT - 1}} {text}")

    def recorded(self, text: str) -> None:
        self.note(self.records, text)

    def run_for(self, ms: int) -> None:
        self.quiet()
        self.moment += 1
        self.page.clock.run_for(ms)
        self.quiet()

    # ---- The server --------------------------------------------------------------------------

    def answer(self, route: Route) -> None:
        request = route.request
        path = request.url.removeprefix(HOST).partition("?")[0]
        if path.startswith("/static/"):
            self.files.add(request.url)
            body, kind = self.assets[path]
            route.fulfill(body=body, headers={"Content-Type": kind})
            return
        self.note(self.calls, described(request))
        if path in self.pages:
            cookie = {"Set-Cookie": "csrftoken=token; Path=/"}
            route.fulfill(body=self.pages[path], headers={**SIGNED, **cookie})
        elif path == "/api/voice/ice":
            ice = {"ice_servers": [], "policy": "relay", "relay": True, "expires_in": 600}
            route.fulfill(json=ice, headers={"NearTalk": "1"})
        elif path == "/api/location/update":
            route.fulfill(body=self.people(), headers=SIGNED)
        else:
            route.fulfill(status=201, body="", headers=SIGNED)

    def people(self) -> str:
        return panel.people_html(BESIDE_BOB, 500, 1)

    def chat(self, socket: WebSocketRoute) -> None:
        self.note(self.frames, f"socket {socket.url}")
        self.socket = socket
        socket.on_message(self.heard)
        welcome: dict[str, Any] = {"protocol": 1, "person_id": OWN, "username": "Ana"}
        welcome |= {"epoch": "e" * 16, "now": NOW_MS}
        socket.send(signal(Form.HTML, "welcome", **welcome).text)
        socket.send(panel.people(Form.HTML, 1, BESIDE_BOB, 500).text)
        socket.send(self.said(OTHER, "Hello there", "of-bob-01"))
        socket.send(signal(Form.HTML, "mark", mark=NOW_MS).text)

    def heard(self, text: str | bytes) -> None:
        self.note(self.frames, f"frame {text!r}")
        frame = json.loads(text)
        assert self.socket
        if frame["type"] == "ping":
            self.socket.send(signal(Form.HTML, "pong").text)
        elif frame["type"] == "chat.send":
            ack = {"ref": frame["ref"], "id": self.message(OWN, "", frame["ref"]).id}
            self.socket.send(signal(Form.HTML, "ack", **ack).text)
            self.socket.send(self.said(OWN, frame["text"], frame["ref"]))

    def message(self, person_id: str, text: str, ref: str) -> Message:
        place = Place(cell_of(self.cell), 500)
        return Message(StreamId(NOW_MS - 1000, 0), person_id, "Bob", place, text, ref)

    def said(self, person_id: str, text: str, ref: str) -> str:
        row = RenderedMessage(self.message(person_id, text, ref))
        html = row.row(Form.HTML, 0)
        return f'<ol id="messages" hx-swap-oob="beforeend">{html}</ol>'

    def voice(self, socket: WebSocketRoute) -> None:
        self.note(self.voice_frames, f"socket {socket.url}")

        def heard(text: str | bytes) -> None:
            self.note(self.voice_frames, f"frame {text!r}")
            peer = {"person_id": OTHER, "username": "Bob", "distance": "right around you"}
            near = {**peer, "metres": 0, "state": "near"}
            lists = {"policy": "relay", "limit": 8, "count": 1, "peers": [near], "unheard": []}
            socket.send(json.dumps({"type": "voice.peers", **lists}))

        socket.on_message(heard)

    # ---- The device and the person -----------------------------------------------------------

    def stand(self, cell: tuple[int, int], fixes: int = 1) -> None:
        """The device finds itself there so often, a second apart; one that wobbles also between."""
        self.cell = cell
        for _ in range(fixes):
            self.find()
            self.run_for(1000)

    def wobble(self) -> None:
        """A while in one place: one device is silent, the other tells every second thing."""
        for _ in range(4):
            if self.device.wobbles:
                self.find()
            self.run_for(1000)

    def find(self) -> None:
        fix = self.device.fix(self.cell)
        moment = self.page.evaluate("Date.now()") - self.device.late_ms
        # After a reload the page has its turn to ask once the one before has gone.
        until(
            lambda: self.page.evaluate("([fix, at]) => window.fixNow(fix, at)", [fix, moment]),
            "the page asks where the device is",
            pause=lambda: self.page.wait_for_timeout(POLL_MS),
        )

    def keep(self, act: str) -> str:
        """What is kept now, once all that was begun has ended."""
        self.run_for(STEP_MS)
        self.kept.append((act, self.page.evaluate("window.keptNow()")))
        return act

    def quiet(self) -> None:
        """Until no request is open, and nothing was done or sent for some turns of the page: each
        waits until it is done with what it had to do, however slow the machine."""
        seen: list[int] = []

        def still() -> bool:
            if self.waits() or self.open:
                seen.clear()
            else:
                seen.append(self.done)
            return len(seen) >= STILL and len({*seen[-STILL:]}) == 1

        until(still, "the page is quiet", pause=lambda: self.page.wait_for_timeout(POLL_MS))

    def waits(self) -> bool:
        """Whether the page waits for an answer, once its thread is past what it had before it. One
        that goes elsewhere does."""
        with suppress(NavigationError):
            return bool(self.page.evaluate("window.turnNow?.()"))
        return True

    @property
    def done(self) -> int:
        return sum(map(len, (self.records, self.calls, self.frames, self.voice_frames)))

    def found(self) -> dict[str, Any]:
        """Calls and frames of the chat with their moments. What scripts did and said in voice once,
        with none: promises of the browser, such as those of sound, end when they end."""
        return {
            "records": sorted({blurred(one[MOMENT:]) for one in self.records}),
            "calls": self.calls,
            "frames": self.frames,
            "frames in voice": sorted({one[MOMENT:] for one in self.voice_frames}),
            "files": sorted(self.files),
            "kept": [(act, blurred(found)) for act, found in self.kept],
        }


def blurred(text: str) -> str:
    """Less what a network decides."""
    return SEEN.sub(r"\1some time", text)


def described(request: Request) -> str:
    headers = {
        name: value
        for name, value in sorted(request.all_headers().items())
        if name not in OF_THE_BROWSER and not name.startswith("sec-")
    }
    return f"{request.method} {request.url} {headers} {request.post_data or ''}"


def begun(
    browser: Browser, device: Device, pages: dict[str, str], assets: dict[str, tuple[bytes, str]]
) -> PageWorld:
    """An empty page in a browser of its own, watched."""
    context = browser.new_context(permissions=["geolocation", "microphone"], base_url=HOST)
    context.set_default_timeout(WAIT_S * 1000)
    world = PageWorld(context.new_page(), replace(device), pages, assets)
    context.expose_function("record", world.recorded)
    # Before the sinks: it replaces `performance`, which they watch.
    context.clock.install(time=NOW_MS / 1000)
    context.clock.pause_at(NOW_MS / 1000 + 1)
    context.add_init_script(SINKS)
    context.route("**/*", world.answer)
    context.route_web_socket(re.compile("/ws"), world.chat)
    context.route_web_socket(re.compile("/signal"), world.voice)
    world.watch()
    return world


def visit(
    browser: Browser,
    device: Device,
    pages: dict[str, str],
    assets: dict[str, tuple[bytes, str]],
    most: int | None = None,
) -> dict[str, Any]:
    """Whole, or its first acts."""
    world = begun(browser, device, pages, assets)
    for _ in islice(acts(world), most):
        pass
    world.page.context.close()
    return world.found()


def page_faults(here: dict[str, Any], there: dict[str, Any]) -> list[str]:
    """The first difference of each kind."""
    faults = []
    for what, found in here.items():
        for one, other in zip(found, there[what], strict=False):
            if one != other:
                left, right = str(one), str(other)
                at = first_difference(left, right)
                faults.append(f"{what}: {around(left, at)} / {around(right, at)}")
                break
        else:
            if len(found) != len(there[what]):
                faults.append(f"{what}: {len(found)} / {len(there[what])}")
    return faults


def first_page_fault(
    browser: Browser, pages: dict[str, str], assets: dict[str, tuple[bytes, str]]
) -> str:
    """What differs once both have arrived; what differs in whole visits, where nothing does by
    then."""
    for most in (EARLY, None):
        found = [visit(browser, device, pages, assets, most) for device in DEVICES]
        if faults := page_faults(*found):
            return faults[0]
    return ""


def acts(world: PageWorld) -> Iterator[str]:
    """A whole visit, from the first page to leaving: one act after the other, by their names."""
    page = world.page
    page.goto("/")
    yield world.keep("opened")
    page.locator("#arrive").click()
    world.stand(world.cell)
    page.wait_for_url("**/near")
    page.locator("#loading").wait_for(state="detached")
    yield world.keep("arrived")
    world.stand(world.cell, 2)
    world.wobble()
    yield world.keep("stayed")
    page.locator("#text").fill("Is anybody here?")
    page.locator("#text").press("Enter")
    yield world.keep("said")
    world.stand((world.cell[0] + 6, world.cell[1] + 4), 3)
    world.wobble()
    yield world.keep("walked")
    page.locator("#radius").press("ArrowRight")
    yield world.keep("reached further")
    page.locator("#rename-open").click()
    page.locator("#username").fill("Ana")
    page.locator("#username").press("Enter")
    yield world.keep("renamed")
    page.locator("#messages [data-person] button").first.click()
    page.locator('[data-act="report"]').click()
    page.locator('input[name="reason"]').first.check()
    page.locator("#menu form button[type=submit]").click()
    yield world.keep("reported")
    page.keyboard.press("Escape")
    page.locator("#voice-start").click()
    page.locator("#voice:is([data-phase='barred'], [data-phase='check'])").wait_for()
    world.run_for(1000)  # what has just come takes no tap
    if page.locator("#voice[data-phase='barred']").count():
        page.get_by_role("button", name="Talk directly").click()
        world.run_for(1000)
    yield world.keep("asked for a voice")
    page.locator("#voice-join-muted").click()
    yield world.keep("in voice")
    assert world.socket
    world.socket.close(code=1012)
    world.stand((world.cell[0] + 30, world.cell[1]), 1)
    world.run_for(10_000)
    yield world.keep("came back further on")
    page.reload()
    page.locator("#loading").wait_for(state="detached")
    world.stand((world.cell[0] + 30, world.cell[1]), 1)
    yield world.keep("reloaded")
    page.evaluate("""() => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
      document.dispatchEvent(new Event('visibilitychange'));
    }""")
    yield world.keep("hidden")
