"""The welcome page fetches what the page of a place needs, so that the tap waits for less."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.support.client import elsewhere
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playwright.sync_api import Request

    from tests.browser.conftest import Invite
    from tests.support.servers import Server

AHEAD = """() => [...document.getElementById('near-modules').content.querySelectorAll('link')]
  .map((link) => link.getAttribute('href'))"""
NAMED = """() => [...document.querySelectorAll('link[rel=modulepreload]')]
  .map(({ href }) => new URL(href).pathname)"""
SAVES_DATA = """Object.defineProperty(navigator, 'connection', {
  value: { saveData: true },
})"""


def modules(requests: Iterable[Request]) -> set[str]:
    paths = (urlsplit(one.url).path for one in requests)
    return {path for path in paths if path.startswith("/static/js/")}


def test_every_module_of_a_place_is_fetched_before_the_tap(server: Server, visit: Invite) -> None:
    alice = visit(server, elsewhere())
    alice.page.goto(alice.url)
    ahead = {*alice.page.evaluate(AHEAD)}
    assert len(ahead) > 50
    until(
        lambda: ahead <= modules(alice.requests),
        "the modules of a place",
        pause=lambda: alice.page.wait_for_timeout(20),
    )
    alice.page.wait_for_load_state("networkidle")
    before = modules(alice.requests)
    alice.arrive()
    assert modules(alice.requests) == before
    assert {*alice.page.evaluate(NAMED)} < before


def test_who_saves_data_is_sent_nothing_ahead(server: Server, visit: Invite) -> None:
    alice = visit(server, elsewhere())
    alice.context.add_init_script(SAVES_DATA)
    alice.page.goto(alice.url)
    expect(alice.page.locator("#arrive")).to_be_enabled()
    alice.page.wait_for_load_state("networkidle")
    assert "/static/js/near.js" not in modules(alice.requests)
