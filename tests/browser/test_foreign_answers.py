"""What a network, a proxy or a CDN answers in our place is no answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.module_scripts import (
    WELCOME,
    run,
)
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from tests.browser.conftest import Invite, Meet
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

PORTAL = "<!doctype html><title>Free Wi-Fi</title><p id='self'>Log in to go on.</p>"


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
    expect(page.locator("#alerts .notice:not(#undo)")).to_contain_text(
        "The distance did not change."
    )
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


def portal(route: Route) -> None:
    route.fulfill(status=200, content_type="text/html", body=PORTAL)
