"""What the page says to somebody who is banned or muted: why, until when, and where to object."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.calls import WIDE
from tests.support.client import elsewhere, north
from tests.support.servers import Server
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.conftest import Invite, Meet
    from tests.browser.visitor import BrowserVisitor

pytestmark = pytest.mark.browser

# Not the server's time, which is UTC; half an hour off, so that nothing is right by chance.
ELSEWHEN: Any = {"timezone_id": "Asia/Kolkata", "locale": "en-GB"}
# Of five minutes, what the test has left of them.
ENDS_SOON = r"It ends in [345] min\."
UNTIL = re.compile(r"Reason: Harassment\. It ends on \d+ \w+ \d{4} at \d\d:\d\d\. To object: ")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server("uvicorn", {"OBJECTIONS": "https://near.example.org/objections"})
    try:
        server.migrate()
        yield server.start()
    finally:
        server.close()


def sanction(server: Server, who: BrowserVisitor, *options: str) -> None:
    person = who.page.locator("#self").get_attribute("data-person") or ""
    command = [sys.executable, "manage.py", "ban", person, "--reason", "harassment", *options]
    subprocess.run(
        command, check=True, timeout=WAIT_S, stdout=subprocess.DEVNULL, **server.options()
    )


def test_who_is_banned_reads_why_until_when_and_where_to_object(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    meet(server, north(spot, 2), "bob").send_text("Stay calm")
    alice = visit(server, spot, **ELSEWHEN).arrive()
    alice.write("What I had to say")
    sanction(server, alice, "--for", "1d")
    notice = alice.page.locator("#alerts .notice:not(#undo)")
    expect(notice.locator("b")).to_have_text("You are banned.")
    expect(notice).to_contain_text(UNTIL)
    object_at = notice.get_by_role("link", name="Object")
    expect(object_at).to_have_attribute("href", "https://near.example.org/objections")
    alice.expect_status("Banned")
    expect(alice.page.locator("#composer")).to_be_hidden()
    expect(alice.page.locator("#text")).to_be_disabled()
    # It is said once, and nothing that was there is gone.
    expect(alice.page.locator("#refusal .notice")).to_have_count(0)
    expect(alice.page.locator("#text")).to_have_value("What I had to say")
    expect(alice.message("Stay calm")).to_be_visible()
    sockets = len(alice.sockets)
    alice.dispatch_online()
    alice.hide()
    alice.hide(False)
    assert len(alice.sockets) == sockets
    # Nor does a lost network hide it.
    alice.page.evaluate("window.dispatchEvent(new Event('offline'))")
    alice.expect_status("Banned")
    expect(notice).to_have_count(1)
    expect(notice).to_contain_text(UNTIL)

    # Wherever they go from there, they are told and not sent round.
    alice.page.reload()
    expect(alice.page).to_have_url(f"{server.url}/")
    expect(alice.page.locator("#refusal .notice")).to_contain_text(UNTIL)
    alice.forgive("403")
    alice.page.get_by_role("button", name="See who is near").click()
    expect(alice.page.get_by_role("button", name="Try again")).to_be_enabled()
    expect(alice.page.locator("#refusal .notice")).to_contain_text(UNTIL)
    expect(alice.page).to_have_url(f"{server.url}/")
    object_at = alice.page.locator("#refusal").get_by_role("link", name="Object")
    expect(object_at).to_have_attribute("href", "https://near.example.org/objections")
    words = alice.page.locator("#refusal .notice-words")
    lefts = [one.evaluate("(it) => it.getBoundingClientRect().left") for one in (object_at, words)]
    assert lefts[0] == lefts[1], "below its words, not below the ring"
    alice.page.goto(f"{server.url}/rules#objections")
    written = alice.page.get_by_role("link", name="https://near.example.org/objections")
    assert written.evaluate("(link) => link.getBoundingClientRect().height") >= 44


REFUSAL = """<p class="notice" data-code="banned" data-objections="/rules#objections"><span
class="notice-words"><b>You are banned.</b> <span class="why">Reason: Hate.</span></span></p>"""


def test_who_is_told_of_a_ban_by_a_call_alone_reads_the_same(server: Server, visit: Invite) -> None:
    """The socket may be on its way back, or the close be lost."""
    alice = visit(server, elsewhere()).arrive()
    alice.forgive("403")
    alice.page.route(
        "**/api/location/update*", lambda route: route.fulfill(status=403, body=REFUSAL)
    )
    alice.page.locator("#radius").press("ArrowRight")
    notice = alice.page.locator("#alerts .notice:not(#undo)")
    expect(notice.locator("b")).to_have_text("You are banned.")
    expect(notice.get_by_role("link", name="Object")).to_have_attribute("href", "/rules#objections")
    alice.expect_status("Banned")
    expect(alice.page.locator("#composer")).to_be_hidden()


def test_who_is_muted_is_told_and_keeps_what_was_written(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot).arrive()
    sanction(server, alice, "--mute", "--for", "5m")
    notice = alice.page.locator("#refusal .notice")
    expect(notice).to_have_attribute("data-code", "muted")
    alice.submit("What I had to say")
    expect(notice.locator(".why[aria-hidden]")).to_contain_text(
        re.compile(rf"Reason: Harassment\. {ENDS_SOON} To object: https://near\.example\.org")
    )
    expect(alice.page.locator("#text")).to_have_value("What I had to say")
    expect(alice.pending).to_have_count(0)
    bob.send_text("I hear nothing")
    expect(alice.message("I hear nothing")).to_be_visible()
    alice.expect_status("Live")


def test_who_is_muted_is_out_of_voice_and_told_why(server: Server, visit: Invite) -> None:
    alice = visit(server, elsewhere(), permissions=["geolocation", "microphone"], **WIDE).arrive()
    panel = alice.page.locator("#voice")
    alice.join_voice()
    expect(panel).to_have_attribute("data-phase", "in")
    sanction(server, alice, "--mute", "--for", "5m")
    expect(panel).to_have_attribute("data-phase", "out")
    expect(panel.locator(".notice")).to_contain_text(
        "You cannot speak for now. Reason: Harassment."
    )
    alice.join_voice()
    expect(panel).to_have_attribute("data-phase", "out")
    expect(panel.locator(".notice")).to_contain_text(re.compile(ENDS_SOON))
