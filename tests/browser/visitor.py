"""A visitor: a browser context of its own, driven as a person would."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

from playwright.sync_api import expect

from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import (
        BrowserContext,
        ConsoleMessage,
        Locator,
        Page,
        Request,
        WebError,
        WebSocket,
    )

    from tests.support.client import Spot


ACCURACY_M = 20
# What the page reads of its clocks; its timers go on.
HOLD_TIME = """(held) => {
  window.clocks ??= { steady: performance.now.bind(performance), wall: Date.now, lost: 0 };
  const { clocks } = window;
  const now = [clocks.steady() - clocks.lost, Math.floor(clocks.wall() - clocks.lost)];
  if (held) {
    clocks.from = clocks.steady();
    [performance.now, Date.now] = now.map((one) => () => one);
  } else {
    clocks.lost += clocks.steady() - clocks.from;
    performance.now = () => clocks.steady() - clocks.lost;
    Date.now = () => Math.floor(clocks.wall() - clocks.lost);
  }
}"""
SUBMIT_ALL = """(texts) => {
  const field = document.getElementById('text');
  for (const text of texts) {
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.form.requestSubmit();
  }
}"""
# A page that nothing is hidden behind counts as seen, and without a screen all of them are so:
# what a hidden page does is shown by telling it that it is one.
HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
# Counts who asks the device where it is, and how often it answered; its last answer.
COUNT_FIXES = """
  window.asked = 0;
  window.fixes = 0;
  const watch = navigator.geolocation.watchPosition.bind(navigator.geolocation);
  navigator.geolocation.watchPosition = (found, ...rest) => {
    window.asked += 1;
    return watch((position) => {
      found(position);
      window.fixes += 1;
      window.fix = position.coords;
    }, ...rest);
  };
  navigator.geolocation.getCurrentPosition = () => { window.asked += 1; };
"""
# `calls` are the peer connections of the page, in order. `callStats` sums their getStats: bytes and
# energy of sound in each direction, and the candidate types of both ends of every pair. Of one that
# is closed meanwhile no answer may come: what was known of it goes on to count.
WATCH_CALLS = """
  window.calls = [];
  const known = new WeakMap();
  window.statsOf = async (call) => {
    const late = new Promise((done) => setTimeout(done, 5000, new Map()));
    const stats = await Promise.race([call.getStats(), late]);
    if (stats.size && call.signalingState !== 'closed') known.set(call, stats);
    return known.get(call) ?? stats;
  };
  window.RTCPeerConnection = class extends window.RTCPeerConnection {
    constructor(...all) { super(...all); window.calls.push(this); }
  };
  window.callStats = async () => {
    const found = { receivedBytes: 0, receivedEnergy: 0, sentBytes: 0, sentEnergy: 0 };
    found.candidateTypes = [];
    for (const call of window.calls) {
      for (const one of (await window.statsOf(call)).values()) {
        if (one.type === 'inbound-rtp') found.receivedBytes += one.bytesReceived;
        if (one.type === 'inbound-rtp') found.receivedEnergy += one.totalAudioEnergy;
        if (one.type === 'outbound-rtp') found.sentBytes += one.bytesSent;
        if (one.type === 'media-source') found.sentEnergy += one.totalAudioEnergy;
        if (one.type.endsWith('-candidate')) found.candidateTypes.push(one.candidateType);
      }
    }
    return found;
  };
"""
HEARD_OF = "([lat, lon]) => window.fix?.latitude === lat && window.fix.longitude === lon"
# As if the server had said something.
ANY_FRAME = """() => {
  const detail = { message: '' };
  document.dispatchEvent(new CustomEvent('htmx:wsBeforeMessage', { detail }));
}"""
# Answers whether the page's socket is open. The page's own ping is none of it: a server that stands
# still for 5 s would lose its socket.
PING = """async () => {
  const { send } = await import('/static/js/server/connection.js');
  return send({ type: 'ping' });
}"""
POLL_MS = 20
# So far ahead that a page whose clock runs has not got there by the time that it is told to stop.
AHEAD_S = 10


def wait_until(page: Page, holds: str, arg: object = None) -> None:
    """Returns once a JavaScript function of `arg` says yes.

    Playwright's own `wait_for_function` evaluates code anew, which the page's policy forbids. The
    test polls, since the page's own timers may stand still (`stop_time`).
    """
    until(lambda: page.evaluate(holds, arg), holds, pause=lambda: page.wait_for_timeout(POLL_MS))


def await_pong(page: Page, received: list[str]) -> None:
    """Returns once the server has answered all that the page sent until now. `received` grows by
    what its sockets bring: of each new one it is asked anew."""

    def count(kind: str) -> int:
        return sum(f'class="{kind}"' in frame for frame in received)

    before, asked = count("pong"), -1

    def answered() -> bool:
        nonlocal asked
        welcomes = count("welcome")
        if asked != welcomes and page.evaluate(PING):
            asked = welcomes
        return count("pong") > before

    until(answered, "a pong", pause=lambda: page.wait_for_timeout(POLL_MS))


def stop_clock(page: Page) -> None:
    """The clock of a page, which the test has installed, jumps ahead and stands still there."""
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + AHEAD_S)


class BrowserVisitor:
    """A browser context with one page: what it shows, logs, requests, sends and receives."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.console_messages: list[str] = []
        # Most visitors have no service worker, and Playwright says so each time.
        self.forgiven: list[str] = ["Service Worker registration blocked by Playwright"]
        self.requests: list[Request] = []
        self.sockets: list[WebSocket] = []
        self.sent: list[str] = []
        self.received: list[str] = []
        context.add_init_script(COUNT_FIXES)
        context.add_init_script(WATCH_CALLS)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        self.page = self.tab()

    # ---- What they do ------------------------------------------------------------------------

    def tab(self) -> Page:
        """One more page in the same Chromium."""
        page = self.context.new_page()
        page.on("websocket", self._socket)
        return page

    def stand(self, lat: float, lon: float, accuracy_m: float = ACCURACY_M) -> None:
        """The device finds itself here from now on."""
        self.context.set_geolocation({"latitude": lat, "longitude": lon, "accuracy": accuracy_m})

    def wander(self, spots: Sequence[Spot]) -> None:
        """The device finds itself at each of these in turn, and the page has heard of each: an
        answer that was on its way is of the place before."""
        for spot in spots:
            self.stand(*spot)
            wait_until(self.page, HEARD_OF, [*spot])

    def arrive(self) -> Self:
        """By the front door, as anybody."""
        self.page.goto(self.url)
        self.page.get_by_role("button", name="See who is near").click()
        self.page.wait_for_url("**/near")
        self.expect_here()
        return self

    def start_voice(self) -> None:
        """Up to the check of the microphone; where there is no relay, chooses to talk directly."""
        panel = self.page.locator("#voice")
        self.page.locator("#voice-start").click()
        expect(panel).to_have_attribute("data-phase", re.compile("barred|check"))
        if panel.get_attribute("data-phase") == "barred":
            self.page.get_by_role("button", name="Talk directly").click()

    def join_voice(self, *, muted: bool = False) -> None:
        """Once the microphone has answered: who is quicker starts muted, and cannot talk yet."""
        self.start_voice()
        asking = re.compile("Asking for the microphone")
        expect(self.page.locator("#voice-check-words")).not_to_have_text(asking)
        self.page.locator("#voice-join-muted" if muted else "#voice-join").click()

    def write(self, text: str) -> None:
        self.page.locator("#text").fill(text)

    def submit(self, text: str) -> None:
        """Writes it and presses Enter; does not wait for the ack."""
        self.write(text)
        self.page.locator("#text").press("Enter")

    def submit_at_once(self, *texts: str) -> None:
        """Sends them faster than the server allows, however slow the machine is."""
        self.page.evaluate(SUBMIT_ALL, [*texts])

    def send_text(self, text: str) -> None:
        """Sends it and waits until the page says that it is sent."""
        self.submit(text)
        time = self.message(text).locator("time")
        expect(time).to_have_attribute("data-ago", re.compile(r"now|\d+ min"))

    def reach(self, stop: int) -> None:
        """Moves the slider from stop to stop with the keys, as a hand would with the thumb."""
        slider = self.page.locator("#radius")
        if not slider.is_visible():
            self.page.locator("#here").click()

        def arrived() -> bool:
            at = int(slider.input_value())
            if at != stop:
                slider.press("ArrowDown" if at > stop else "ArrowUp")
            return at == stop

        until(arrived, f"the slider stands at {stop}", pause=lambda: None)

    def stop_time(self) -> None:
        """The page's clock stands still until the test moves it. The page has just heard of its
        server, wherever its clock was."""
        stop_clock(self.page)
        self.page.evaluate(ANY_FRAME)

    def hold_time(self, held: bool = True) -> None:
        """What lasts a while on the page does not end meanwhile; then time goes on from there. For
        pages whose clock was not installed before they came."""
        self.page.evaluate(HOLD_TIME, held)

    def hide(self, hidden: bool = True) -> None:
        self.page.evaluate(HIDE, hidden)

    def dispatch_online(self) -> None:
        """Makes the page ping its server at once, as when a phone is unlocked."""
        self.page.evaluate("dispatchEvent(new Event('online'))")

    def await_pong(self) -> None:
        """Returns once the server has answered all that the page sent until now."""
        await_pong(self.page, self.received)

    def pass_time(self, ms: int) -> None:
        """Moves the page's clock. The page takes the server for alive meanwhile: a ping for each
        quarter of a minute would be more in a second than the server allows."""
        while ms > 0:
            self.page.clock.run_for(min(ms, 15_000))
            ms -= 15_000
            self.page.evaluate(ANY_FRAME)

    # ---- What they see -----------------------------------------------------------------------

    def expect_here(self) -> None:
        """The socket is open and the history in."""
        self.expect_status("Live")
        expect(self.page.locator("#loading")).to_have_count(0)

    def expect_status(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.locator("#status")).to_have_text(words)

    @property
    def name(self) -> str:
        return str(self.page.locator("#self").get_attribute("data-name"))

    @property
    def messages(self) -> Locator:
        return self.page.locator("#messages > li")

    @property
    def pending(self) -> Locator:
        return self.page.locator("#outbox > li")

    @property
    def people(self) -> Locator:
        return self.page.locator("#people-list .person-row")

    def message(self, text: str) -> Locator:
        return self.messages.filter(has_text=text)

    def person(self, name: str) -> Locator:
        return self.people.filter(has_text=name)

    def texts(self) -> list[str]:
        """What is said, oldest first."""
        bubbles = self.page.locator("#messages .bubble").all_text_contents()
        return [bubble.removeprefix("You: ") for bubble in bubbles]

    # ---- What their browser did --------------------------------------------------------------

    def forgive(self, words: str) -> None:
        """A complaint of the console that belongs to the test."""
        self.forgiven.append(words)

    def problems(self) -> list[str]:
        return [
            text
            for text in self.console_messages
            if not any(words in text for words in self.forgiven)
        ]

    def calls(self, path: str = "/api/") -> list[Request]:
        """The requests whose address goes on like this after the host."""
        return [one for one in self.requests if one.url.removeprefix(self.url).startswith(path)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.console_messages.append(message.text)

    def _error(self, error: WebError) -> None:
        self.console_messages.append(str(error.error))

    def _request(self, request: Request) -> None:
        self.requests.append(request)

    def _socket(self, socket: WebSocket) -> None:
        self.sockets.append(socket)
        socket.on("framesent", lambda frame: self.sent.append(str(frame)))
        socket.on("framereceived", lambda frame: self.received.append(str(frame)))
