"""A café's next guest: the page works for a moment and goes on by itself, in every browser."""

from __future__ import annotations

import itertools
import json
import re
from functools import partial
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.test_access import complaints
from tests.browser.visitor import wait_until
from tests.support.client import elsewhere
from tests.support.prompt_server import PromptServer
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Route

    from tests.browser.conftest import Invite
    from tests.browser.interceptor import Interceptor
    from tests.browser.visitor import BrowserVisitor
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

FREE = 3
ASKED = "Many are coming in from your network. One moment: 1 s"
# What a status says, each thing that it says once.
TOLD = """() => document.addEventListener('DOMContentLoaded', () => {
  const status = document.getElementById('arrive-next');
  if (!status) return;
  const note = () => {
    const told = JSON.parse(sessionStorage.told ?? '[]');
    sessionStorage.told = JSON.stringify([...told, status.textContent]);
  };
  new MutationObserver(note).observe(status, { childList: true });
})"""
_addresses = (f"198.51.100.{last}" for last in itertools.count(1))


@pytest.fixture(scope="module")
def cafe() -> Iterator[Server]:
    """A server on which three sessions of an address are free."""
    env = {
        "DEBUG": "0",
        "HTTPS": "0",
        "ALLOWED_HOSTS": "127.0.0.1",
        "TRUSTED_PROXIES": "1",
        "RATE_LIMITS_OFF": "session.call,address.work",
        "RATE_LIMITS_SCALE": "0.1",
    }
    server = PromptServer("uvicorn", env)
    try:
        yield server.start()
    finally:
        server.close()


def guest(cafe: Server, visit: Invite) -> BrowserVisitor:
    """The next guest of an address whose free sessions are over."""
    by = {"X-Forwarded-For": next(_addresses)}
    for _ in range(FREE):
        made = httpx.post(f"{cafe.url}/api/session/create", headers=by, trust_env=False)
        assert made.status_code == 201
    guest = visit(cafe, elsewhere(), extra_http_headers=by)
    guest.context.add_init_script(f"({TOLD})()")
    guest.forgive("428")
    guest.forgive("htmx:")
    return guest


def test_the_next_guest_of_a_cafe_is_told_once_and_comes_in_without_doing_anything(
    cafe: Server, visit: Invite
) -> None:
    alice = guest(cafe, visit).arrive()
    told = json.loads(alice.page.evaluate("sessionStorage.told"))
    assert told.count(ASKED) == 1
    alice.send_text("Hello from the café")


def unanswerable(route: Route) -> None:
    """A challenge that no counter answers."""
    answer = route.fetch()
    fields = answer.json()
    fields["parameters"]["keyPrefix"] = "never"
    route.fulfill(response=answer, json=fields)


def test_while_it_works_the_page_says_so_breaks_no_rule_of_access_and_can_be_left(
    cafe: Server, visit: Invite
) -> None:
    alice = guest(cafe, visit)
    alice.page.route("**/api/session/challenge", unanswerable)
    alice.page.goto(alice.url)
    alice.page.locator("#arrive").click()
    status = alice.page.locator("#arrive-next")
    expect(status).to_have_text(ASKED)
    expect(status).to_have_attribute("role", "status")
    expect(alice.page.locator("#arrive")).to_have_attribute("aria-busy", "true")
    await_workers(alice, 1)
    assert complaints(alice.page) == []
    alice.page.evaluate("dispatchEvent(new Event('pagehide'))")
    expect(alice.page.locator("#refusal")).to_contain_text("Many are coming in")
    await_workers(alice, 0)
    alice.page.unroute("**/api/session/challenge")
    alice.page.get_by_role("button", name="Try again").click()
    alice.page.wait_for_url("**/near")


def await_workers(visitor: BrowserVisitor, count: int) -> None:
    pause = partial(visitor.page.wait_for_timeout, 20)
    until(lambda: len(visitor.page.workers) == count, f"{count} workers", pause=pause)


@pytest.mark.parametrize("missing", ["Worker", "crypto.subtle"])
def test_a_browser_that_cannot_work_is_told_so(cafe: Server, visit: Invite, missing: str) -> None:
    alice = guest(cafe, visit)
    owner, _, name = missing.rpartition(".")
    where = f"Object.getPrototypeOf({owner})" if owner else "window"
    alice.context.add_init_script(
        f"Object.defineProperty({where}, '{name}', {{ value: undefined }})"
    )
    alice.page.goto(alice.url)
    alice.page.locator("#arrive").click()
    expect(alice.page.locator("#arrive-next")).to_contain_text("This browser cannot do that.")
    expect(alice.page.locator("#refusal")).to_contain_text("Many are coming in")


def test_whoever_is_told_to_ask_later_does_so_by_itself(cafe: Server, visit: Invite) -> None:
    alice = guest(cafe, visit)
    alice.forgive("429")
    full = iter([True])

    def refuse(route: Route) -> None:
        if next(full, False):
            headers = {"NearTalk": "1", "Retry-After": "1"}
            route.fulfill(status=429, headers=headers, json={"code": "too-many-calls"})
        else:
            route.continue_()

    alice.page.route("**/api/session/challenge", refuse)
    alice.arrive()


# What the alerts beside the conversation say, each once.
NOTE_ALERTS = """() => {
  window.told = new Set();
  const alerts = document.getElementById('alerts');
  const note = () => {
    const shown = alerts.querySelectorAll('.notice:not(#undo) .notice-words');
    const words = [...shown].map((one) => one.innerText);
    for (const each of words) window.told.add(each);
  };
  new MutationObserver(note).observe(alerts, { childList: true, subtree: true });
}"""


def test_a_page_whose_session_was_lost_works_for_the_next_one_and_goes_on(
    cafe: Server, visit: Invite, wire: Interceptor
) -> None:
    alice = guest(cafe, visit)
    alice.context.route_web_socket(re.compile(r"/ws($|\?)"), wire.open)
    alice.arrive()
    alice.page.evaluate(NOTE_ALERTS)
    alice.context.clear_cookies(name="neartalk")
    wire.close(4401)
    wait_until(alice.page, "() => window.told.size > 0")
    alice.expect_here()
    (told,) = alice.page.evaluate("[...window.told]")
    assert " ".join(told.split()) == ASKED
    expect(alice.page.locator("#alerts .notice:not(#undo)")).to_have_count(0)
    alice.send_text("Here again")


def test_a_solution_that_came_too_late_is_done_once_more(cafe: Server, visit: Invite) -> None:
    alice = guest(cafe, visit)
    alice.forgive("422")
    late = iter([True])

    def spoil(route: Route) -> None:
        answer = route.fetch()
        fields = answer.json()
        if next(late, False):
            fields["parameters"]["expiresAt"] = 1
        route.fulfill(response=answer, json=fields)

    alice.page.route("**/api/session/challenge", spoil)
    alice.arrive()
    asked = [one.url for one in alice.requests if one.url.endswith("/api/session/challenge")]
    assert len(asked) == 2


def dear(route: Route) -> None:
    """A challenge as in a network that hunts, which no counter answers."""
    answer = route.fetch()
    fields = answer.json()
    fields["parameters"]["keyPrefix"] = "never"
    fields["parameters"]["data"]["price_ms"] = 111_000
    route.fulfill(response=answer, json=fields)


def test_whoever_has_to_work_for_minutes_is_told_how_many_and_to_stay(
    cafe: Server, visit: Invite
) -> None:
    alice = guest(cafe, visit)
    alice.page.route("**/api/session/challenge", dear)
    alice.page.goto(alice.url)
    alice.page.locator("#arrive").click()
    words = "This takes about 2 min. Stay on this page: it goes on by itself."
    expect(alice.page.locator("#arrive-next")).to_contain_text(words)
    assert complaints(alice.page) == []
