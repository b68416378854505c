"""The page where the browser forbids storage, locks, channels or cookies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import wait_until
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tests.browser.conftest import Invite
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

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


def unknown(route: Route) -> None:
    """As the server does where the cookie of the new session does not come back."""
    route.fulfill(status=401, headers={"NearTalk": "1"}, body="")
