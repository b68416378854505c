"""The way of a visit in Firefox and in WebKit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.browser_guest import AT_HOME, SHEET, STATUS
from tests.browser.tabs import ENTER, ESCAPE
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from tests.browser.conftest import Meet, Receive
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

TALL = "document.getElementById('text').getBoundingClientRect().height"
# Who undoes has five seconds, which pass by both clocks of the page.
STOP_CLOCKS = """void (window.clocks = [Date, performance].map((clock) => {
  const { now } = clock;
  const at = clock.now();
  clock.now = () => at;
  return () => { clock.now = now; };
}))"""
MOVE_CLOCKS = "void window.clocks.forEach((move) => move())"
# Notes for the next page what this one shows as wrong.
NOTE_ALARMS = """void (() => {
  localStorage.setItem('alarms', 'none');
  const status = document.getElementById('status');
  const note = (words) => localStorage.setItem('alarms', words);
  const onStatus = () => status.dataset.state === 'live' || note(status.dataset.state);
  const onAlert = () => document.querySelector('#alerts .notice') && note('an alert');
  new MutationObserver(onStatus).observe(status, { attributes: true });
  const alerts = { childList: true, subtree: true };
  new MutationObserver(onAlert).observe(document.getElementById('alerts'), alerts);
})()"""


def test_who_arrives_is_seen_heard_and_hears_and_a_reload_changes_nothing(
    server: Server, receive: Receive, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = receive(server, spot).arrive()
    alice.until("document.querySelector('#people-list .name')?.textContent === 'bob'", "bob")
    name = alice.name

    alice.submit("Is the bridge open on foot?")
    alice.expect_sent("Is the bridge open on foot?")
    heard = bob.await_frame("chat.message")
    assert (heard["text"], heard["username"]) == ("Is the bridge open on foot?", name)
    bob.frames.clear()
    bob.send_text("Left side only.")
    alice.expect_message("Left side only.")

    alice.tab.reload()
    alice.expect_here()
    assert alice.name == name
    assert alice.texts() == ["Is the bridge open on foot?", "Left side only."]
    bob.send_text("Still here?")
    alice.expect_message("Still here?")
    assert [frame for frame in bob.frames if frame.get("people") == []] == []


def test_a_socket_that_hangs_is_given_up_and_nothing_is_lost(
    server: Server, receive: Receive, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = receive(server, spot).arrive()
    alice.forgive("ws://")  # the next opening hangs too, and may be begun anew meanwhile
    server.pause()
    try:
        alice.evaluate("dispatchEvent(new Event('online'))")
        alice.until(f"{STATUS} !== 'live'", "the page notices that nobody answers")
        alice.submit("Said into the void.")
    finally:
        server.resume()
    alice.expect_here()
    bob.send_text("There you are.")
    alice.expect_sent("Said into the void.")
    alice.expect_message("There you are.")


def test_a_page_that_is_left_shows_no_alarm_and_back_shows_nothing_of_a_visit(
    server: Server, receive: Receive, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = receive(server, spot).arrive()
    bob.send_text("Not for whoever comes next.")
    alice.expect_message("Not for whoever comes next.")
    alice.evaluate(NOTE_ALARMS)
    alice.tab.reload()
    alice.expect_here()
    assert alice.evaluate("localStorage.getItem('alarms')") == "none"

    # From one page to another and back, as the same person, whatever the browser keeps of it.
    alice.tab.open(f"{server.url}/privacy")
    alice.tab.back()
    alice.expect_here()
    alice.expect_message("Not for whoever comes next.")

    alice.evaluate("void (location.hash = '#people')")  # two entries of the tab's history
    alice.evaluate("void document.querySelector('#leave button').click()")
    alice.until(AT_HOME, "the first page")
    alice.evaluate("void (window.before = true)")
    alice.tab.back()
    alice.until(f"{AT_HOME} && !window.before", "the first page once more")
    assert "whoever comes next" not in alice.evaluate("document.documentElement.textContent")


def test_a_long_line_is_read_whole_while_it_is_written_and_when_it_is_sent(
    server: Server, receive: Receive
) -> None:
    alice = receive(server, elsewhere()).arrive()
    low = alice.evaluate(TALL)
    text = " ".join(["gasworks"] * 40)
    alice.tab.click("#text")
    alice.tab.press(text)
    alice.until(f"document.getElementById('text').value.length === {len(text)}", "all is written")
    alice.until(f"{TALL} >= {2 * low}", "the composer grows")
    alice.submit("")
    alice.expect_sent(text)
    alice.until(f"{TALL} === {low}", "the composer is low again")
    assert alice.evaluate("document.documentElement.scrollWidth <= innerWidth")

    # Sizes go by the words: twice as large, they leave a wide screen the room of a narrow one.
    people = "getComputedStyle(document.getElementById('people')).display"
    assert alice.evaluate(people) == "flex"
    alice.evaluate("void (document.documentElement.style.fontSize = '200%')")
    alice.until(f"{people} === 'none'", "the list of people is a page of its own")
    assert alice.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_menu_blocks_by_pointer_and_closes_by_keys(
    server: Server, receive: Receive, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = receive(server, spot).arrive()
    bob.send_text("One word.")
    alice.expect_message("One word.")

    ring = "#messages .o"
    alice.tab.click(ring)
    alice.until(SHEET, "the menu")
    alice.tab.press(ESCAPE)
    alice.until(f"!{SHEET}", "the menu is closed")
    alice.until("document.activeElement.dataset.act === 'message'", "the ring has the focus")

    alice.tab.click(ring)
    alice.until(SHEET, "the menu")
    alice.tab.click("#menu [data-act=block]")
    alice.tab.click("#menu [data-act=block-now]")
    alice.until("!document.querySelector('#menu [data-step=done]').hidden", "it is done")
    assert alice.texts() == []
    alice.until("!document.querySelector('#people-list .person-row')", "bob leaves the list")


def test_a_message_is_answered_named_linked_reacted_to_and_taken_back_with_a_way_to_undo_it(
    server: Server, receive: Receive, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = receive(server, spot).arrive()
    alice.until("document.querySelector('#people-list .name')?.textContent === 'bob'", "bob")
    said = bob.send_text("Left side only.")
    alice.expect_message("Left side only.")
    bob.send_text("https://example.org/map")
    alice.expect_message("example.org/map")

    alice.tab.click("#messages .bubble a")
    alice.until("document.querySelector('#menu .link-host').textContent !== ''", "where it leads")
    assert alice.evaluate("document.querySelector('#menu .link-host').textContent") == "example.org"
    alice.tab.press(ESCAPE)
    alice.until(f"!{SHEET}", "the sheet is closed")
    alice.tab.click("#messages .bubble")
    alice.until(SHEET, "the sheet")
    alice.tab.click("#menu [data-act=reply]")
    alice.until("document.activeElement.id === 'text'", "the field has the focus")
    alice.tab.press("Thank you, @b")
    alice.until("document.querySelector('#names [role=option]') !== null", "the names")
    alice.tab.press(ENTER)
    alice.until("document.getElementById('text').value === 'Thank you, @bob '", "the name")
    alice.tab.press(ENTER)
    alice.until("document.querySelector('#messages .mine .quote bdi') !== null", "the reply")
    while not (heard := bob.await_frame("chat.message"))["text"].startswith("Thank"):
        pass  # his own come first
    assert (heard["reply_to"], heard["mentions"]) == (said, [bob.person_id])

    bob.send_text("With pleasure.", reply_to=heard["id"], mentions=[heard["person_id"]])
    to_you = "document.querySelector('#messages .to-you .quote')?.textContent"
    alice.until(f"{to_you}?.includes('replies to you')", "an answer to alice")

    answer = "#messages .to-you"
    alice.hold(f"{answer} .bubble")
    alice.tab.click("#menu [data-act=react][data-kind=love]")
    own = f"document.querySelector('{answer} .chip[aria-pressed=true]')?.dataset.kind"
    alice.until(f"{own} === 'love'", "her reaction")
    assert bob.await_frame("chat.reactions")["counts"] == {"love": 1}
    alice.evaluate(f"void document.querySelector('{answer} .o').focus()")
    alice.tab.press(ENTER)
    alice.until(SHEET, "the sheet, by keys")
    alice.tab.click("#menu [data-act=react][data-kind=me-too]")
    alice.until(f"{own} === 'me-too'", "her other reaction")
    assert bob.await_frame("chat.reactions")["counts"] == {"me-too": 1}
    alice.tab.click(f"{answer} .chip")
    alice.until(f"document.querySelector('{answer} .chip') === null", "it is taken back")
    assert bob.await_frame("chat.reactions")["counts"] == {}

    alice.tab.click("#messages .mine .o")
    alice.until(SHEET, "the sheet of her own")
    alice.evaluate(STOP_CLOCKS)
    alice.tab.click("#menu [data-act=remove]")
    alice.until("!document.getElementById('undo').hidden", "the way to undo it")
    alice.tab.click("#undo button")
    alice.until("!document.querySelector('#messages .removing')", "it is back")
    alice.evaluate(MOVE_CLOCKS)
    alice.tab.click("#messages .mine .o")
    alice.until(SHEET, "the sheet once more")
    alice.tab.click("#menu [data-act=remove]")
    gone = bob.await_frame("chat.gone")
    assert gone["ids"] == [heard["id"]]
