"""Reading messages: scrolled back, arriving meanwhile, growing older, expired."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import wait_until
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.conftest import Invite, Meet
    from tests.browser.visitor import BrowserVisitor
    from tests.conftest import Serve
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

NO_LIMITS = {"RATE_LIMITS_SCALE": "1000"}
TICK_MS = 10_000  # how often the page lets its messages grow older
BELOW_PX = """() => {
  const { scrollHeight, scrollTop, clientHeight } = document.getElementById('scroller');
  return Math.round(scrollHeight - scrollTop - clientHeight);
}"""
# All that the list of messages showed since, however short: a slow look comes too late for some.
NOTE_SHOWN = """() => {
  window.shown = '';
  const list = document.getElementById('messages');
  new MutationObserver(() => { window.shown += list.innerText; }).observe(list, {
    childList: true,
  });
}"""
SPARE_PX = """() => {
  const [end, scroller] = ['oldest', 'scroller'].map((id) => document.getElementById(id));
  return end.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
}"""


# ---- Reading -------------------------------------------------------------------------------------


def test_whoever_arrives_is_shown_what_was_said_and_can_read_back_to_its_beginning(
    serve: Serve, visit: Invite, meet: Meet
) -> None:
    server = serve(env=NO_LIMITS)
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    said = [f"Line {turn}." for turn in range(230)]
    for text in said:
        bob.send_text(text)
    alice = visit(server, spot, clock=True).arrive()
    alice.page.clock.run_for(4000)  # where it shows the top, the page asks by itself by then
    assert alice.texts() == said[30:]
    expect(alice.message("Line 229.")).to_be_in_viewport()
    expect(alice.messages.first.locator(".far")).to_have_text("earlier, near here")
    end = alice.page.locator("#oldest")
    expect(end).to_be_hidden()
    top_of(alice)
    expect(alice.messages).to_have_count(230)
    top_of(alice)
    expect(end).to_have_text("Older than 30 minutes is gone")
    assert alice.texts() == said


def test_the_conversation_stands_still_while_you_read_back_and_counts_what_comes(
    serve: Serve, visit: Invite, meet: Meet
) -> None:
    server = serve(env=NO_LIMITS)
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    for turn in range(40):
        bob.send_text(f"Line {turn}.")
    alice = visit(server, spot).arrive()
    more = alice.page.locator("#more")
    expect(more).to_be_hidden()
    bob.send_text("At the end.")
    expect(alice.message("At the end.")).to_be_in_viewport()
    expect(more).to_be_hidden()

    alice.page.locator("#scroller").hover()
    alice.page.mouse.wheel(0, -900)
    wait_until(alice.page, f"() => ({BELOW_PX})() === 900")
    read = alice.message("Line 20.")
    before = place_of(read)
    bob.send_text("One more.")
    expect(more).to_have_text("1 new message")
    bob.send_text("And another.")
    expect(more).to_have_text("2 new messages")
    removed = bob.send_text("Not this.")
    expect(more).to_have_text("3 new messages")
    bob.remove(removed)
    expect(alice.message("Not this.")).to_have_count(0)
    assert place_of(read) == before

    more.click()
    expect(alice.message("And another.")).to_be_in_viewport()
    expect(more).to_be_hidden()


def test_a_short_conversation_stands_at_the_end_under_the_words_that_say_what_is_gone(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    said = [bob.send_text(text) for text in ("One.", "Two.", "Three.")]
    phone = {"width": 360, "height": 740}
    alice = visit(server, spot, viewport=phone, clock=True).arrive()
    end = alice.page.locator("#oldest")
    alice.page.clock.run_for(4000)  # by then the page has asked for what was before
    expect(end).to_be_visible()
    expect(alice.messages).to_have_count(3)
    gap = place_of(alice.messages.first) - place_of(end)
    assert 0 < gap < 50, "right above the first message"
    alice.send_text("Four.")
    expect(alice.message("Four.")).to_be_in_viewport(ratio=1)
    # Less room from below, as with a keyboard: the end stays in sight.
    alice.page.set_viewport_size({"width": 360, "height": 640})
    expect(alice.message("Four.").locator(".bubble")).to_be_in_viewport(ratio=1)
    assert alice.page.evaluate(BELOW_PX) == 0
    # So little that the words about the end take the room that was left.
    spare = alice.page.evaluate(SPARE_PX)
    alice.page.set_viewport_size({"width": 360, "height": 640 - int(spare)})
    alice.page.reload()
    alice.expect_here()
    alice.page.clock.run_for(4000)
    expect(end).not_to_have_attribute("hidden", "")
    assert alice.page.evaluate(BELOW_PX) == 0

    for one in said:
        bob.remove(one)
    alice.message("Four.").get_by_role("button", name="Your message").click()
    alice.page.get_by_role("button", name="Remove for everyone").click()
    expect(alice.messages).to_have_count(0)
    expect(end).to_be_hidden()


def test_the_title_counts_what_comes_while_the_page_is_hidden(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot).arrive()
    bob.send_text("Seen.")
    expect(alice.message("Seen.")).to_be_visible()
    expect(alice.page).to_have_title("Near, 500 m")
    alice.hide()
    bob.send_text("Missed.")
    expect(alice.page).to_have_title("(1) Near, 500 m")
    bob.send_text("Missed too.")
    expect(alice.page).to_have_title("(2) Near, 500 m")
    alice.hide(False)
    expect(alice.page).to_have_title("Near, 500 m")


# ---- Time ----------------------------------------------------------------------------------------


def test_a_message_ages_minute_by_minute_and_is_gone_when_its_time_is_over(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot, clock=True).arrive()
    alice.stop_time()
    bob.send_text("Soon gone.")
    row = alice.message("Soon gone.")
    expect(row).to_have_attribute("data-age", "0")
    bubble, time = row.locator(".bubble"), row.locator("time")
    for ago, age in ((0, 0), (1, 0), (6, 1), (16, 3), (25, 5), (28, 5), (29, 5)):
        alice.pass_time(left_ms(alice, row) - (30 - ago) * 60_000 + TICK_MS)
        expect(time).to_have_attribute("data-ago", f"{ago} min" if ago else "now")
        expect(row).to_have_attribute("data-age", str(age))
        if ago >= 25:
            expect(bubble).to_have_attribute("data-gone", f"gone in {30 - ago} min")
        else:
            expect(bubble).not_to_have_attribute("data-gone", re.compile(""))
    alice.pass_time(left_ms(alice, row) - 1)
    assert left_ms(alice, row) == 1
    expect(row).to_be_visible()
    alice.page.clock.run_for(1)
    expect(row).to_have_count(0)


def test_what_is_over_on_the_server_is_over_on_the_page_and_in_its_history(
    serve: Serve, visit: Invite, meet: Meet
) -> None:
    server = serve(env={"MESSAGE_LIFE_SECONDS": "5"})
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot).arrive()
    alice.page.evaluate(NOTE_SHOWN)
    bob.send_text("Soon gone.")
    wait_until(alice.page, "() => window.shown.includes('Soon gone.')")
    expect(alice.message("Soon gone.")).to_have_count(0)
    heard = len(alice.received)
    alice.page.reload()
    alice.expect_here()
    assert alice.texts() == []
    # Nor is it on the wire: the page would hide it by itself.
    told = alice.page.evaluate("fetch('/api/messages').then((answer) => answer.json())")
    assert told == {"messages": []}
    assert [frame for frame in alice.received[heard:] if "Soon gone." in frame] == []


def test_time_follows_the_servers_clock_where_the_device_is_off_by_minutes(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    bob.send_text("Still fresh.")
    alice = visit(server, spot)
    # Installed later than it says: this device is 40 minutes ahead.
    alice.context.clock.install()
    alice.context.clock.fast_forward(40 * 60_000)
    alice.arrive()
    time = alice.message("Still fresh.").locator("time")
    # Or what this machine took meanwhile, but not what the device makes of it.
    expect(time).to_have_attribute("data-ago", re.compile(r"^(now|[1-5] min)$"))


def top_of(visitor: BrowserVisitor) -> None:
    visitor.page.locator("#scroller").evaluate("(scroller) => { scroller.scrollTop = 0; }")


def place_of(row: Locator) -> float:
    box = row.bounding_box()
    assert box
    return box["y"]


def left_ms(visitor: BrowserVisitor, row: Locator) -> int:
    """What the page's own clock leaves of a message's life."""
    return int(
        row.evaluate(
            """async (row) => {
              const { serverNow } = await import('/static/js/server/clock.js');
              return row.dataset.expires - serverNow();
            }"""
        )
    )
