"""What the page makes of closes, clocks and answers that are not ours. The test stands between the
page and its server, so that it can end a socket with any code and keep back any frame."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from neartalk.codes import CODES
from tests.browser.test_modules_after_errors import SIGNALING, WELCOME, run
from tests.browser.visitor import POLL_MS, wait_until
from tests.support.client import elsewhere, north
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page, Route, WebSocketRoute

    from tests.browser.conftest import Invite, Meet
    from tests.browser.visitor import BrowserVisitor
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

HOUR_MS = 3_600_000
FINAL = sorted({row.close for row in CODES.values() if row.close and not row.again})
# Of proxies, of browsers, of a server whose codes are not known yet, and of none.
NOT_OURS = (1000, 1001, 1005, 1007, 1008, 1009, 1011, 1012, 1013, 1014, 3000, 4000, 4400, 4412)
PORTAL = "<!doctype html><title>Free Wi-Fi</title><p id='self'>Log in to go on.</p>"
SIGNS = {
    "online": "dispatchEvent(new Event('online'))",
    "pageshow": "dispatchEvent(new PageTransitionEvent('pageshow'))",
    "focus": "dispatchEvent(new FocusEvent('focus'))",
    "visible": "document.dispatchEvent(new Event('visibilitychange'))",
    "tap": "document.body.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }))",
    "key": "document.body.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true }))",
}
# The page's Date alone, as when the clock of the device is set.
SET_CLOCK = """(by) => {
  window.dateNow ??= Date.now;
  Date.now = () => window.dateNow() + by;
}"""


class Interceptor:
    """The sockets of a page. `edit` answers a frame instead of the server, where it returns one."""

    def __init__(self) -> None:
        self.sockets: list[WebSocketRoute] = []
        self.sent: list[str] = []
        self.received: list[str] = []
        self.edit: Callable[[str], str | None] = lambda frame: None

    def open(self, page_side: WebSocketRoute) -> None:
        server_side = page_side.connect_to_server()
        self.sockets.append(page_side)

        def to_server(frame: str | bytes) -> None:
            self.sent.append(str(frame))
            answer = self.edit(str(frame))
            if answer is None:
                server_side.send(frame)
            else:
                page_side.send(answer)

        page_side.on_message(to_server)

        def to_page(frame: str | bytes) -> None:
            self.received.append(str(frame))
            page_side.send(frame)

        server_side.on_message(to_page)

    def close(self, code: int) -> None:
        """Ends the newest socket."""
        self.sockets[-1].close(code=code)


@pytest.fixture
def wire() -> Interceptor:
    return Interceptor()


@pytest.fixture
def alice(server: Server, visit: Invite, wire: Interceptor) -> BrowserVisitor:
    """Somebody whose retries come as early as may be."""
    alice = visit(server, elsewhere())
    alice.context.route_web_socket(re.compile(r"/ws($|\?)"), wire.open)
    alice.context.add_init_script("Math.random = () => 0")
    return alice.arrive()


@pytest.fixture
def still(browser: Browser, server: Server) -> Iterator[Page]:
    """The welcome page with a clock that the test moves, and no socket."""
    page = browser.new_page()
    page.clock.install()
    page.goto(f"{server.url}/")
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 3)
    yield page
    page.close()


# ---- Closes --------------------------------------------------------------------------------------


def test_the_page_comes_back_after_every_close_that_is_not_final(
    alice: BrowserVisitor, wire: Interceptor
) -> None:
    for turn, code in enumerate(NOT_OURS, 1):
        wire.close(code)
        await_sockets(alice.page, wire, turn + 1, f"a socket after {code}")
        alice.expect_here()
        await_pong(alice, wire)
    alice.send_text("Still here.")
    expect(alice.page.locator("#alerts .notice")).to_have_count(0)


def test_calls_come_back_after_every_close_that_is_not_final(still: Page) -> None:
    still.evaluate(SIGNALING)
    run(
        still,
        """window.opened = 0;
        window.over = [];
        Math.random = () => 0;
        const { open, close } = await load('voice/calls/signaling');
        const Fake = window.WebSocket;
        window.WebSocket = class extends Fake {
          constructor(address) { super(address); window.opened += 1; }
        };
        const onFinalClose = (code) => window.over.push(code);
        window.join = () => open({ onOpen() {}, onLost() {}, onFrame() {}, onFinalClose });
        window.join();""",
    )
    for turn, code in enumerate((*NOT_OURS, 1006), 1):
        still.evaluate("(code) => window.signaling.onclose({ code })", code)
        still.clock.run_for(200)
        assert still.evaluate("[window.opened, window.over]") == [turn + 1, []], code
    opened = still.evaluate("window.opened")
    for turn, code in enumerate(FINAL, 1):
        still.evaluate("(code) => window.signaling.onclose({ code })", code)
        still.clock.run_for(200)
        assert still.evaluate("[window.opened, window.over.at(-1)]") == [opened + turn - 1, code]
        still.evaluate("window.join()")


def test_an_opening_that_hangs_is_begun_anew_when_the_device_is_back(still: Page) -> None:
    """On another network: the old one never answers."""
    still.evaluate(SIGNALING)
    run(
        still,
        """window.opened = 0;
        const { open } = await load('voice/calls/signaling');
        const Fake = window.WebSocket;
        window.WebSocket = class extends Fake {
          static CONNECTING = 0;
          readyState = 0;
          constructor(address) { super(address); window.opened += 1; }
        };
        open({ onOpen() {}, onLost() {}, onFrame() {}, onFinalClose() {} });""",
    )
    still.clock.run_for(1_000)
    still.evaluate(SIGNS["online"])
    assert still.evaluate("window.opened") == 1, "it has only begun"
    still.clock.run_for(2_500)
    still.evaluate(SIGNS["tap"])
    assert still.evaluate("window.opened") == 1, "a tap says nothing of the network"
    still.evaluate(SIGNS["online"])
    assert still.evaluate("window.opened") == 2


def test_any_sign_of_life_tries_at_once_and_none_of_them_floods(still: Page) -> None:
    run(
        still,
        """const { Retry } = await load('server/retry');
        const { onSignOfLife } = await load('server/signs-of-life');
        Math.random = () => 0.999;
        window.tries = 0;
        const retry = new Retry(() => {
          window.tries += 1;
          retry.begin();
          retry.schedule();
        });
        retry.attempt = 5;
        retry.schedule();
        onSignOfLife(() => retry.hurry());""",
    )
    for turn, (name, sign) in enumerate(SIGNS.items(), 1):
        still.evaluate(sign)
        assert still.evaluate("window.tries") == turn, name
        still.clock.run_for(2_100)
    tries = still.evaluate("window.tries")
    for _ in range(100):
        still.evaluate(SIGNS["tap"])
        still.evaluate(SIGNS["key"])
        still.clock.run_for(100)
    assert 4 <= still.evaluate("window.tries") - tries <= 6, "one in two seconds"


def test_a_page_that_is_left_shows_no_alarm(alice: BrowserVisitor, wire: Interceptor) -> None:
    alice.page.evaluate("dispatchEvent(new Event('beforeunload'))")
    wire.close(1001)
    await_sockets(alice.page, wire, 2, "that it comes back")
    seen = alice.page.evaluate("document.getElementById('status-count').textContent")
    assert seen == ""
    expect(alice.page.locator("#alerts .notice")).to_have_count(0)
    alice.expect_status("Live")


# ---- Clocks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [-HOUR_MS, 0, HOUR_MS])
def test_a_dead_socket_is_noticed_whatever_the_clock_of_the_device_is_set_to(
    still: Page, by: int
) -> None:
    run(
        still,
        """const { Heartbeat } = await load('server/heartbeat');
        Object.assign(window, { pings: 0, deaths: 0 });
        const heartbeat = new Heartbeat({
          quietMs: 20_000, deadMs: 25_000, probeMs: 5_000,
          ping: () => Boolean((window.pings += 1)),
          onDead: () => {
            window.deaths += 1;
            heartbeat.stop();
          },
        });
        heartbeat.start();""",
    )
    still.clock.run_for(5_000)
    still.evaluate(SET_CLOCK, by)
    still.clock.run_for(14_000)
    assert still.evaluate("[window.pings, window.deaths]") == [0, 0]
    still.clock.run_for(3_000)
    assert still.evaluate("[window.pings, window.deaths]") == [1, 0]
    still.clock.run_for(5_000)
    assert still.evaluate("[window.pings, window.deaths]") == [1, 1]


@pytest.mark.parametrize("by", [-HOUR_MS, HOUR_MS])
def test_a_device_clock_that_is_set_moves_neither_the_servers_time_nor_what_lasts(
    still: Page, by: int
) -> None:
    found = run(
        still,
        """const clock = await load('server/clock');
        const { facts, applyPeers } = await load('voice/calls/facts');
        window.clock = clock;
        window.jumps = [];
        clock.onJump((ms) => {
          window.jumps.push(ms);
          clock.setServerTime(window.server + performance.now() - window.saidAt); // its welcome
        });
        window.server = 1_800_000_000_000;
        window.saidAt = performance.now();
        clock.setServerTime(window.server);
        applyPeers({ peers: [{ person_id: 'a', state: 'declined', retry_after: 600 }] });
        window.left = () => facts.until.get('a') - clock.now();
        window.from = clock.moment();
        return [clock.isSynced(), window.left()];""",
    )
    assert found == [True, 600_000]
    still.evaluate(SET_CLOCK, by)
    still.clock.run_for(60_000)
    passed = "window.clock.serverNow() - window.server"
    assert still.evaluate(passed) == pytest.approx(60_000, abs=100)
    assert still.evaluate("window.left()") == pytest.approx(540_000, abs=100)
    assert still.evaluate("window.jumps") == [pytest.approx(by, abs=100)]
    assert still.evaluate("window.clock.since(window.from)") >= 60_000


def test_a_device_that_slept_offline_removes_what_has_expired_meanwhile(still: Page) -> None:
    """The steady clock of some browsers stands still in sleep: Date alone has moved on."""
    run(
        still,
        """window.clock = await load('server/clock');
        window.clock.setServerTime(1_800_000_000_000);""",
    )
    still.evaluate(SET_CLOCK, HOUR_MS)
    still.clock.run_for(12_000)
    passed = still.evaluate("window.clock.serverNow() - 1_800_000_000_000")
    assert passed == pytest.approx(HOUR_MS + 12_000, abs=2_000)
    still.evaluate("window.clock.setServerTime(1_800_000_012_000)")
    still.clock.run_for(12_000)
    passed = still.evaluate("window.clock.serverNow() - 1_800_000_000_000")
    assert passed == pytest.approx(24_000, abs=100), "the server knows better"


def test_messages_stay_for_their_time_whatever_the_clock_of_the_device_is_set_to(
    alice: BrowserVisitor, wire: Interceptor
) -> None:
    alice.send_text("Half an hour, no more.")
    for turn, by in enumerate((HOUR_MS, -HOUR_MS), 2):
        alice.page.evaluate(SET_CLOCK, by)
        await_sockets(alice.page, wire, turn, "a new welcome")
        alice.expect_here()
        await_pong(alice, wire)
        expect(alice.message("Half an hour, no more.")).to_be_visible()
        alice.send_text(f"By a clock that is off by {by} ms.")
        minutes = alice.message("By a clock").last.locator(".minutes")
        expect(minutes).to_have_text("30")


# ---- Answers of others ---------------------------------------------------------------------------


def test_a_page_of_the_network_is_no_answer_to_who_arrives(server: Server, visit: Invite) -> None:
    alice = visit(server, elsewhere())
    alice.context.route("**/api/session/create", portal)
    alice.page.goto(server.url)
    alice.page.get_by_role("button", name="See who is near").click()
    nothing = "NearTalk did not answer. Nothing was changed."
    expect(alice.page.locator("#arrive-next")).to_have_text(nothing)
    assert alice.page.url == f"{server.url}/"
    alice.context.unroute("**/api/session/create")
    alice.page.get_by_role("button", name="Try again").click()
    alice.page.wait_for_url("**/near")


def test_a_page_of_the_network_changes_nothing_in_the_chat(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    alice = visit(server, spot).arrive()
    bob = meet(server, north(spot, 1), "bob")
    bob.send_text("One word.")
    page, name = alice.page, alice.name
    alice.context.route("**/api/**", portal)
    alice.context.route("**/near", portal)

    page.locator("#rename-open").click()
    page.locator("#username").fill("Mallory")
    page.locator("#rename button").click()
    expect(page.locator("#rename-why")).to_have_text(re.compile("^NearTalk did not answer"))
    page.keyboard.press("Escape")
    page.locator("#radius").press("ArrowRight")
    expect(page.locator("#alerts .notice")).to_contain_text("Your reach did not change.")
    alice.person("bob").locator("button").click()
    page.locator("#menu").get_by_role("button", name="Block").click()
    page.locator("#menu").get_by_role("button", name="Block", exact=True).click()
    expect(page.locator("#menu")).to_contain_text("NearTalk did not answer.")
    page.keyboard.press("Escape")
    with page.expect_response("**/near"):
        page.evaluate("document.dispatchEvent(new Event('neartalk:session'))")
    expect(alice.message("One word.")).to_be_visible()
    assert alice.name == name
    assert "Log in to go on" not in page.content()

    page.get_by_role("button", name="Leave").click()
    page.wait_for_url(f"{alice.url}/")


def test_relays_are_taken_only_from_an_answer_of_ours(still: Page) -> None:
    still.evaluate(WELCOME)
    found = run(
        still,
        """const { iceServers } = await load('voice/calls/ice');
        const answer = (body, headers) => async () => new Response(body, { headers });
        const ours = { NearTalk: '1' };
        const found = [];
        for (const [body, headers] of [
          ['{"ice_servers": [{"urls": "turn:evil"}], "expires_in": 600}', {}],
          ['<!doctype html>', ours],
          ['{"ice_servers": "none", "expires_in": 600}', ours],
          ['{"ice_servers": []}', ours],
          ['{"ice_servers": [{"urls": "turn:ours"}], "expires_in": 600}', ours],
        ]) {
          window.fetch = answer(body, headers);
          found.push((await iceServers()).map(({ urls }) => urls));
        }
        return found;""",
    )
    assert found == [[], [], [], [], ["turn:ours"]]


# ---- Storage and cookies -------------------------------------------------------------------------

FORBIDDEN = """
  for (const name of ['sessionStorage', 'localStorage', 'indexedDB', 'caches']) {
    Object.defineProperty(window, name, { get: () => forbid() });
  }
  const forbid = () => { throw new DOMException('', 'SecurityError'); };
  window.BroadcastChannel = class { constructor() { forbid(); } };
  const refuse = async () => forbid();
  Object.assign(LockManager.prototype, { request: refuse, query: refuse });
"""


def test_all_works_where_the_browser_forbids_storage_locks_and_channels(
    server: Server, visit: Invite
) -> None:
    spot = elsewhere()
    alice = visit(server, spot)
    alice.context.add_init_script(FORBIDDEN)
    alice.arrive()
    alice.send_text("Nothing is kept here.")
    wait_until(alice.page, "() => window.fixes > 0")
    far = north(spot, 10)
    with alice.page.expect_request("**/api/location/update?near=*"):
        alice.stand(*far)
    alice.page.reload()
    alice.expect_here()
    alice.page.get_by_role("button", name="Leave").click()
    alice.page.wait_for_url(f"{alice.url}/")


def test_cookies_that_are_refused_get_their_own_words(server: Server, visit: Invite) -> None:
    alice = visit(server, elsewhere())
    alice.forgive("status of 40")
    alice.forgive("Response Status Error Code 40")
    alice.context.route("**/api/location/update*", unknown)
    title = alice.page.locator("#title")
    words = re.compile("Your browser keeps no cookies from this site")
    alice.page.goto(server.url)
    alice.page.get_by_role("button", name="See who is near").click()
    expect(title).to_have_text(words)
    expect(alice.page.locator("#lede")).to_contain_text("Allow cookies for this site")

    # The first call already needs the cookie of its token.
    alice.page.get_by_role("button", name="Try again").click()
    expect(title).not_to_have_text(words)
    alice.context.clear_cookies()
    alice.page.get_by_role("button", name="See who is near").click()
    expect(title).to_have_text(words)

    alice.context.unroute("**/api/location/update*")
    alice.page.get_by_role("button", name="Try again").click()
    expect(title).not_to_have_text(words)
    alice.page.get_by_role("button", name="See who is near").click()
    alice.page.wait_for_url("**/near")


# ---- After a visit -------------------------------------------------------------------------------


# What is on the page at its very end, told to the next one.
KEEP_LAST = """addEventListener('pagehide', () => {
  const { textContent, hidden } = document.body;
  const draft = document.getElementById('text').value;
  localStorage.setItem('last', JSON.stringify([textContent, draft, hidden]));
}, { capture: true })"""


def test_nothing_of_a_visit_that_ended_elsewhere_is_left_to_see_or_to_hear(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    alice = visit(server, spot).arrive()
    meet(server, north(spot, 1), "Zebulon").send_text("Not for whoever comes next.")
    expect(alice.message("Not for whoever comes next.")).to_be_visible()
    expect(alice.person("Zebulon")).to_be_visible()
    name = alice.name
    alice.hide()
    alice.page.evaluate(
        """async () => {
          const { announce } = await import('/static/js/voice/panel/panel.js');
          const title = await import('/static/js/page/title.js');
          title.announce('Zebulon knocks');
          announce('Zebulon left');
          announce('Zebulon knocks', true);
        }"""
    )
    expect(alice.page.locator("#voice-knock-announcement")).to_have_text("Zebulon knocks")
    alice.write("Nor this.")
    # In another tab.
    token = alice.page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    alice.context.request.post(f"{server.url}/api/session/leave", headers={"X-CSRFToken": token})
    expect(alice.page.locator("#alerts .notice")).to_contain_text("You left.")
    left = alice.page.evaluate("document.body.textContent + document.title")
    assert not [one for one in ("whoever comes", "Zebulon", name) if one in left]
    expect(alice.page.locator("#text")).to_have_value("")


def test_nothing_of_a_visit_is_on_the_page_from_the_moment_of_leaving(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    alice = visit(server, spot).arrive()
    meet(server, north(spot, 1), "Zebulon").send_text("Not for whoever comes next.")
    expect(alice.message("Not for whoever comes next.")).to_be_visible()
    expect(alice.person("Zebulon")).to_be_visible()
    alice.write("Nor this.")
    name = alice.name
    alice.page.evaluate(KEEP_LAST)
    alice.page.get_by_role("button", name="Leave").click()
    alice.page.wait_for_url(f"{alice.url}/")
    text, draft, hidden = alice.page.evaluate("JSON.parse(localStorage.getItem('last'))")
    assert not [one for one in ("whoever comes", "Zebulon", name) if one in text]
    assert (draft, hidden) == ("", True)
    alice.page.go_back()
    assert alice.page.url == f"{alice.url}/", "no way back leads there"


def test_a_page_from_the_browsers_cache_is_loaded_anew(alice: BrowserVisitor) -> None:
    alice.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    assert alice.page.evaluate("document.body.hidden"), "nothing of it flashes up"
    alice.context.clear_cookies(name="neartalk")
    alice.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    alice.page.wait_for_url(f"{alice.url}/")


# ---- Sending -------------------------------------------------------------------------------------


def test_what_the_store_could_not_confirm_is_sent_again_under_the_same_ref(
    alice: BrowserVisitor, wire: Interceptor
) -> None:
    refused: list[str] = []

    def once(frame: str) -> str | None:
        found = re.search(r'"ref":"(\w+)"', frame)
        if not found or len(refused) == 3:
            return None
        refused.append(found[1])
        return (
            '<div id="refusal" hx-swap-oob="innerHTML"><p class="notice" role="alert"'
            f' data-code="store-unavailable" data-ref="{found[1]}"><span class="notice-words">'
            '<b>One moment.</b> <span class="why">It is tried again.</span></span></p></div>'
        )

    wire.edit = once
    alice.send_text("Said once.")
    assert refused == [refused[0]] * 3
    assert sum(refused[0] in frame for frame in wire.sent) == 4
    expect(alice.page.locator("#refusal .notice")).to_have_count(0)
    await_pong(alice, wire)
    assert alice.texts() == ["Said once."]


def await_pong(alice: BrowserVisitor, wire: Interceptor) -> None:
    """Returns once the server has answered all that the page sent until now."""

    def pongs() -> int:
        return sum('class="pong"' in frame for frame in wire.received)

    before = pongs()
    alice.dispatch_online()
    wait_until_true(alice.page, lambda: pongs() > before, "a pong")


def await_sockets(page: Page, wire: Interceptor, count: int, awaited: str) -> None:
    wait_until_true(page, lambda: len(wire.sockets) >= count, awaited)


def wait_until_true(page: Page, holds: Callable[[], bool], awaited: str) -> None:
    until(holds, awaited, pause=lambda: page.wait_for_timeout(POLL_MS))


def unknown(route: Route) -> None:
    """As the server does where the cookie of the new session does not come back."""
    route.fulfill(status=401, headers={"NearTalk": "1"}, body="")


def portal(route: Route) -> None:
    route.fulfill(status=200, content_type="text/html", body=PORTAL)
