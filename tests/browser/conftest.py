"""A Chromium, a Firefox, a WebKit and a server for all browser tests of a worker, and visitors for
each test.

Playwright keeps a loop on its thread while it is open: hence it ends with the tests of this folder,
and nothing here is asynchronous or touches the ORM.
"""

from __future__ import annotations

import os
import re
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.browser_guest import BrowserGuest
from tests.browser.firefox import Firefox
from tests.browser.folder_fixtures import FolderFixtures
from tests.browser.interceptor import Interceptor
from tests.browser.module_scripts import ICE, SIGNALING, run
from tests.browser.said_rows import ScriptedTalk
from tests.browser.socket_person import SocketPerson
from tests.browser.visitor import BrowserVisitor, stop_clock
from tests.browser.voice_wire import JOIN
from tests.browser.webkit import WebKit
from tests.support import other_browsers
from tests.support.client import elsewhere
from tests.support.prompt_server import PromptServer
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from tests.browser.tabs import Driver
    from tests.conftest import Serve
    from tests.support.client import Door, Spot
    from tests.support.servers import Server
    from tests.support.turn import Turn

TIMEOUT_MS = 1000 * WAIT_S
# A host that is neither https nor loopback, so that Chromium holds it for insecure.
INSECURE_HOST = "neartalk.test"
# Of two such lists Chromium takes the last: hence first those of Playwright's that pages can tell,
# then what its address bar shows, which nobody sees and takes a process for each visitor.
FEATURES_OFF = [
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "MediaRouter",
    "OptimizationHints",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--accept-lang=en-GB",  # metres
    "--use-fake-device-for-media-stream",  # a microphone that beeps, for those who may use one
    "--allow-loopback-in-peer-connection",
    f"--disable-features={','.join(FEATURES_OFF)}",
    f"--host-resolver-rules=MAP {INSECURE_HOST} 127.0.0.1",
]

expect.set_options(timeout=TIMEOUT_MS)


class Invite(Protocol):
    """Opens a Chromium for somebody at a spot; `clock` hands its time to the test."""

    def __call__(
        self, server: Door, spot: Spot | None, *, clock: bool = False, **options: Any
    ) -> BrowserVisitor: ...


class Receive(Protocol):
    """Opens a page of Firefox or WebKit for somebody at a spot."""

    def __call__(self, server: Server, spot: Spot) -> BrowserGuest: ...


class VisitVoice(Protocol):
    """Brings somebody to a spot and into voice; `stop` is that of their reach."""

    def __call__(
        self, server: Server, spot: Spot, *, stop: int | None = None, **options: Any
    ) -> BrowserVisitor: ...


class Meet(Protocol):
    """Brings somebody to a spot who needs no browser."""

    def __call__(
        self, server: Server, spot: Spot, name: str, *, radius: int = 500
    ) -> SocketPerson: ...


shared = FolderFixtures()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    shared.leaving = nextitem is None or nextitem.path.parent != item.path.parent


@pytest.fixture(scope="module", autouse=True)
def open_while_here() -> Iterator[None]:
    """After the last test of the folder all is closed: behind what its module has, and before what
    the session has, the database say."""
    yield
    if shared.leaving:
        shared.close()


def pytest_sessionfinish() -> None:
    shared.close()  # also where it ends before its last test


@contextmanager
def launched(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Browser:
    return shared.get(launched, chromium)


@contextmanager
def served() -> Iterator[Server]:
    hosts = f"127.0.0.1,{INSECURE_HOST}"
    server = PromptServer("uvicorn", {"DEBUG": "0", "HTTPS": "0", "ALLOWED_HOSTS": hosts})
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="module")
def server() -> Server:
    """For all tests that leave it running: each takes a spot `elsewhere`. It runs as an
    operator's does, where those that `serve` starts run as a developer's."""
    return shared.get(served)


@pytest.fixture(scope="module")
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A page of ours, for the address that its imports start from."""
    page = browser.new_page()
    page.goto(f"{server.url}/rules")
    yield page
    page.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Invite]:
    """Visitors whose pages must not have complained about anything when the test ends."""
    visitors: list[BrowserVisitor] = []

    def invite(
        server: Door, spot: Spot | None, *, clock: bool = False, **options: Any
    ) -> BrowserVisitor:
        context = browser.new_context(
            **{"permissions": ["geolocation"], "service_workers": "block", **options}
        )
        context.set_default_timeout(TIMEOUT_MS)
        visitor = BrowserVisitor(context, server.url)
        visitors.append(visitor)
        if spot:
            visitor.stand(*spot)
        if clock:
            context.clock.install()
        return visitor

    yield invite
    for visitor in visitors:
        visitor.context.close()
    assert [problem for visitor in visitors for problem in visitor.problems()] == []


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
def talk(alice: BrowserVisitor, wire: Interceptor) -> ScriptedTalk:
    alice.page.evaluate("import('/static/js/chat/pressing.js').then(() => true)")
    return ScriptedTalk(alice, wire)


@pytest.fixture
def still(browser: Browser, server: Server) -> Iterator[Page]:
    """The welcome page with a clock that the test moves, and no socket."""
    page = browser.new_page()
    page.clock.install()
    page.goto(f"{server.url}/")
    stop_clock(page)
    yield page
    page.close()


@pytest.fixture
def arrival(browser: Browser, server: Server) -> Iterator[Page]:
    """The welcome page: requests work, and nobody has arrived."""
    page = browser.new_page()
    page.goto(f"{server.url}/")
    yield page
    page.close()


@pytest.fixture
def joined(browser: Browser, server: Server) -> Iterator[Page]:
    """In voice with an open door; the clock is the test's, and stands still until it moves it."""
    page = browser.new_page()
    page.clock.install()
    page.goto(f"{server.url}/")
    stop_clock(page)
    page.evaluate(SIGNALING)
    page.evaluate(ICE, None)
    run(page, JOIN)
    yield page
    page.close()


@pytest.fixture(scope="session")
def firefox() -> Iterator[Firefox]:
    driver = Firefox(found("Firefox", other_browsers.firefox()))
    with ExitStack() as stack:
        stack.callback(driver.close)
        yield driver.start()


@pytest.fixture(scope="session")
def webkit() -> Iterator[WebKit]:
    driver = WebKit(found("WebKit", other_browsers.mini_browser()))
    with ExitStack() as stack:
        stack.callback(driver.close)
        yield driver.start()


@pytest.fixture(params=["firefox", "webkit"])
def receive(request: pytest.FixtureRequest) -> Iterator[Receive]:
    """Guests of either browser whose pages must not have complained when the test ends."""
    driver: Driver = request.getfixturevalue(request.param)
    with guests(driver) as come:
        yield come


@pytest.fixture
def receive_firefox(firefox: Firefox) -> Iterator[Receive]:
    """For what WebKitGTK on Debian lacks."""
    with guests(firefox) as come:
        yield come


@contextmanager
def guests(driver: Driver) -> Iterator[Receive]:
    there: list[BrowserGuest] = []

    def come(server: Server, spot: Spot) -> BrowserGuest:
        there.append(BrowserGuest(driver.tab(spot), server))
        return there[-1]

    try:
        yield come
        assert [problem for guest in there for problem in guest.problems()] == []
    finally:
        for guest in there:
            guest.tab.close()


def found(name: str, path: str | None) -> str:
    """Without such a browser its tests are skipped, but never in CI."""
    missing = f"{name} {other_browsers.MISSING}"
    if path is None and os.environ.get("CI"):
        pytest.fail(missing)
    if path is None:
        pytest.skip(missing)
    return path


@pytest.fixture
def visit_voice(visit: Invite) -> VisitVoice:
    def come(
        server: Server, spot: Spot, *, stop: int | None = None, **options: Any
    ) -> BrowserVisitor:
        permissions = ["geolocation", "microphone"]
        visitor = visit(server, spot, **{"permissions": permissions, **options}).arrive()
        if stop is not None:
            visitor.reach(stop)
        visitor.join_voice()
        expect(visitor.page.locator("#voice")).to_have_attribute("data-phase", "in")
        return visitor

    return come


@pytest.fixture
def relay(turn: Callable[..., Turn]) -> Turn:
    return turn(open_to_loopback=True)


@pytest.fixture
def relayed(serve: Serve, relay: Turn) -> Server:
    """A server whose people can speak through a relay."""
    return serve("uvicorn", through(relay))


def through(relay: Turn) -> dict[str, str]:
    """What a server is told of a relay on this machine."""
    at = {"TURN_URLS": relay.url, "TURN_SECRET": relay.secret}
    return {**at, "VOICE_NETWORKS": "127.0.0.1/32"}


@pytest.fixture
def meet() -> Iterator[Meet]:
    with ExitStack() as stack:

        def bring(server: Server, spot: Spot, name: str, *, radius: int = 500) -> SocketPerson:
            return stack.enter_context(SocketPerson(server, spot, name, radius))

        yield bring
