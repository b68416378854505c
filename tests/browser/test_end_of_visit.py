"""Nothing of a visit is left on the page, to see or to hear, once it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.interceptor import await_sockets
from tests.browser.module_scripts import run
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from tests.browser.conftest import Invite, Meet
    from tests.browser.interceptor import Interceptor
    from tests.browser.visitor import BrowserVisitor
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

# What is on the page at its very end, told to the next one.
KEEP_LAST = """addEventListener('pagehide', () => {
  const { textContent, hidden } = document.body;
  const draft = document.getElementById('text').value;
  localStorage.setItem('last', JSON.stringify([textContent, draft, hidden]));
}, { capture: true })"""


@pytest.fixture
def guest(server: Server, visit: Invite, meet: Meet) -> BrowserVisitor:
    """Somebody who sees another and what they said."""
    spot = elsewhere()
    guest = visit(server, spot, permissions=["geolocation", "microphone"]).arrive()
    meet(server, north(spot, 1), "Zebulon").send_text("Not for whoever comes next.")
    expect(guest.message("Not for whoever comes next.")).to_be_visible()
    expect(guest.person("Zebulon")).to_be_visible()
    return guest


def test_nothing_of_a_visit_that_ended_elsewhere_is_left_to_see_or_to_hear(
    server: Server, guest: BrowserVisitor
) -> None:
    name = guest.name
    guest.hide()
    guest.page.evaluate(
        """async () => {
          const { announce } = await import('/static/js/voice/panel/panel.js');
          const title = await import('/static/js/page/title.js');
          title.announce('Zebulon knocks');
          announce('Zebulon left');
          announce('Zebulon knocks', true);
        }"""
    )
    expect(guest.page.locator("#voice-knock-announcement")).to_have_text("Zebulon knocks")
    guest.write("Nor this.")
    # In another tab.
    token = guest.page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    guest.context.request.post(f"{server.url}/api/session/leave", headers={"X-CSRFToken": token})
    expect(guest.page.locator("#alerts .notice:not(#undo)")).to_contain_text("You left.")
    left = guest.page.evaluate("document.body.textContent + document.title")
    assert not [one for one in ("whoever comes", "Zebulon", name) if one in left]
    expect(guest.page.locator("#text")).to_have_value("")


def test_voice_ends_with_a_visit_whichever_socket_hears_of_it_first(guest: BrowserVisitor) -> None:
    guest.join_voice(muted=True)
    expect(guest.page.locator("#voice")).to_have_attribute("data-phase", "in")
    found = run(
        guest.page,
        """(await load('page/visit')).eraseVisit();
        (await load('voice/controls')).endVisit(4410);
        await null;
        const panel = document.getElementById('voice');
        return [panel.dataset.phase, document.getElementById('voice-bar').hidden];""",
    )
    assert found == ["out", True]
    expect(guest.page.locator("#voice-notices")).to_contain_text("You left.")


def test_a_visit_that_ended_begins_no_other_by_a_move(
    alice: BrowserVisitor, wire: Interceptor
) -> None:
    alice.hold_time()  # it is not soon for ever
    wire.close(4401)
    await_sockets(alice.page, wire, 2, "it comes back once by itself")
    alice.expect_here()
    wire.close(4401)
    expect(alice.page.locator("#alerts .notice:not(#undo)")).to_contain_text(
        "You were away for a while."
    )
    assert not alice.page.evaluate(
        """async () => {
          const { publish } = await import('/static/js/place/published-place.js');
          return (await publish({ cell: 'u33dc0b' })).done;
        }"""
    )


def test_nothing_of_a_visit_is_on_the_page_from_the_moment_of_leaving(
    guest: BrowserVisitor,
) -> None:
    guest.write("Nor this.")
    name = guest.name
    guest.page.evaluate(KEEP_LAST)
    guest.page.get_by_role("button", name="Leave").click()
    guest.page.wait_for_url(f"{guest.url}/")
    text, draft, hidden = guest.page.evaluate("JSON.parse(localStorage.getItem('last'))")
    assert not [one for one in ("whoever comes", "Zebulon", name) if one in text]
    assert (draft, hidden) == ("", True)
    guest.page.go_back()
    assert guest.page.url == f"{guest.url}/", "no way back leads there"


def test_a_page_from_the_browsers_cache_is_loaded_anew(alice: BrowserVisitor) -> None:
    alice.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    assert alice.page.evaluate("document.body.hidden"), "nothing of it flashes up"
    alice.context.clear_cookies(name="neartalk")
    alice.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    alice.page.wait_for_url(f"{alice.url}/")
