"""A bad evening, ended by a moderator in a real Chromium; and the admin by eye or ear, on a small
screen or a wide one, in light and in dark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from bench.admin_screens import log_in, seeded
from tests.support.servers import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.browser.conftest import Invite

pytestmark = pytest.mark.browser

CLICKS_MAX = 4
PAGES = (
    "",
    "chat/report/",
    "chat/report/1/change/",
    "neartalk/sanction/",
    "neartalk/sanction/1/change/",
    "neartalk/ratelimit/",
    "neartalk/ratelimithit/",
    "admin/logentry/",
)
# Of every page of a tab, one after the other.
COUNT_CLICKS = """addEventListener('click', () => {
  sessionStorage.clicks = Number(sessionStorage.clicks ?? 0) + 1;
}, true);"""
# What Django's own pages hold to, less what axe calls best practice.
# `preload` would write a stylesheet into the page, which our policy forbids.
STANDARD = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "preload": False,
}
SIDEWAYS = """() => document.documentElement.scrollWidth - document.documentElement.clientWidth"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """After a bad evening, as an operator runs it."""
    plain = {"DEBUG": "0", "HTTPS": "0", "ALLOWED_HOSTS": "127.0.0.1"}
    server = Server("uvicorn", {**plain, "RATE_LIMITS_OFF": "admin.login"})
    try:
        seeded(server)
        yield server.start()
    finally:
        server.close()


def come(visit: Invite, server: Server, name: str, **options: Any) -> Page:
    """Somebody who is logged in, on the first page."""
    visitor = visit(server, None, **options)
    visitor.context.add_init_script(COUNT_CLICKS)
    log_in(visitor.page, server, name)
    return visitor.page


def test_a_moderator_bans_in_under_five_clicks_and_the_audit_says_so(
    visit: Invite, server: Server
) -> None:
    page = come(visit, server, "mira")
    page.evaluate("sessionStorage.clicks = 0")
    page.get_by_role("link", name="Threats or violence Vulgar Crow").click()
    expect(page.get_by_text("I will find out where you live")).to_be_visible()
    page.get_by_label("Note").click()
    page.keyboard.type("Threatened somebody")
    page.get_by_role("button", name="Ban 1 day").click()

    expect(page.get_by_text("Banned for 1 day, which answers 2 more")).to_be_visible()
    assert int(page.evaluate("sessionStorage.clicks")) <= CLICKS_MAX
    expect(page.locator("#result_list")).not_to_contain_text("Vulgar Crow")
    expect(page.locator("#result_list")).to_contain_text("Cheap Magpie")

    page.goto(f"{server.url}/admin/admin/logentry/")
    row = page.locator("#result_list tbody tr").first
    expect(row).to_contain_text("mira")
    expect(row).to_contain_text("Banned for 1 day")
    expect(row).to_contain_text("Threatened somebody")


def test_without_a_note_or_by_the_return_key_nothing_is_done(visit: Invite, server: Server) -> None:
    page = come(visit, server, "mira")
    page.get_by_role("link", name="Spam or fraud Cheap Magpie").first.click()
    page.get_by_role("button", name="Ban 30 days").click()
    expect(page.get_by_text("Say why, in the note. Nothing was done.")).to_be_visible()
    page.get_by_label("Note").press("Enter")
    expect(page.get_by_label("Note")).to_have_value("\n")
    expect(page.locator(".facts")).to_contain_text("Waiting")


def test_a_reviewer_reads_a_report_and_has_no_verbs(visit: Invite, server: Server) -> None:
    page = come(visit, server, "rowan")
    page.get_by_role("link", name="Something else Олена").click()
    expect(page.get_by_role("heading", name="What the person said")).to_be_visible()
    expect(page.locator("#content button, #content input:visible")).to_have_count(0)
    page.goto(f"{server.url}/admin/neartalk/ratelimit/")
    expect(page.get_by_role("cell", name="chat.send")).to_be_visible()
    expect(page.locator("#content input:visible")).to_have_count(0)


def test_an_hour_that_stands_out_leads_to_its_hits(visit: Invite, server: Server) -> None:
    page = come(visit, server, "mira")
    # Of two that stand out the one with more refusals since midnight comes first.
    chart = page.get_by_role("group", name=re.compile("^session.address"))
    chart.get_by_role("link", name="far above usual").last.click()
    page.wait_for_url("**/ratelimithit/**")
    expect(page.locator("#result_list td.field-rule").first).to_have_text("session.address")


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_pages_are_read_by_ear_and_by_eye_in_any_light(
    visit: Invite, server: Server, shade: str
) -> None:
    page = come(visit, server, "mira", color_scheme=shade)
    for path in PAGES:
        page.goto(f"{server.url}/admin/{path}")
        found = Axe().run(page, options=STANDARD).response["violations"]
        problems = [f"{one['id']} {node['html']}" for one in found for node in one["nodes"]]
        assert problems == [], path


@pytest.mark.parametrize("width", [360, 1440])
def test_no_page_scrolls_sideways(visit: Invite, server: Server, width: int) -> None:
    page = come(visit, server, "mira", viewport={"width": width, "height": 800})
    for path in PAGES:
        page.goto(f"{server.url}/admin/{path}")
        assert page.evaluate(SIDEWAYS) <= 0, path
