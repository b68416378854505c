"""Messages on the page: pending, kept, refused, retracted."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.interceptor import wait_until_true
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import WebSocketRoute

    from tests.browser.conftest import Invite, Meet
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>document.title = 'taken'</script>",
    "<img src=x onerror=document.title='taken' hx-on:click=alert(1)>",
    '<ol id="messages" hx-swap-oob="innerHTML"></ol>',
)


def test_a_message_shows_as_sending_and_then_as_sent_once(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot).arrive()
    server.pause()
    try:
        alice.submit("Is the bridge open on foot?")
        expect(alice.pending).to_have_attribute("data-state", "sending")
        expect(alice.pending.locator(".life")).to_have_text("Sending")
        expect(alice.pending.locator(".asking")).to_be_visible()
        expect(alice.page.locator("#text")).to_have_value("")
        assert alice.texts() == []
    finally:
        server.resume()
    row = alice.message("Is the bridge open on foot?")
    expect(row.locator("time")).to_have_attribute("data-ago", "now")
    expect(row).to_have_attribute("data-age", "0")
    expect(alice.pending).to_have_count(0)
    assert bob.await_frame("chat.message")["text"] == "Is the bridge open on foot?"
    alice.await_pong()
    assert alice.texts() == ["Is the bridge open on foot?"]


def test_between_its_ack_and_its_copy_a_message_counts_as_sent_and_then_stays_where_it_is(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot)
    held: list[Callable[[], None]] = []

    def connect(socket: WebSocketRoute) -> None:
        upstream = socket.connect_to_server()

        def pass_on(frame: str | bytes) -> None:
            own = "Is the bridge open?" in str(frame)
            held.append(lambda: socket.send(frame)) if own else socket.send(frame)

        upstream.on_message(pass_on)

    alice.page.route_web_socket(re.compile("/ws"), connect)
    alice.arrive()
    alice.submit("Is the bridge open?")
    row = alice.message("Is the bridge open?")
    expect(row).to_have_attribute("data-state", "sent")
    expect(row.locator("time")).to_have_attribute("data-ago", "now")
    ring = row.get_by_role("button", name="Your message")
    expect(ring).to_have_accessible_name(re.compile(r"Your message, \d+:\d\d"))
    expect(alice.pending).to_have_count(0)
    wait_until_true(alice.page, lambda: len(held) == 1, "the copy, with nothing of others in it")
    kept = row.evaluate("(row) => [row.dataset.id, +row.dataset.sent, +row.dataset.expires]")
    assert kept[1:] == [int(kept[0].split("-")[0]), int(kept[0].split("-")[0]) + 1_800_000]
    bob.send_text("Left side only.")
    expect(alice.message("Left side only.")).to_be_visible()

    held.pop()()
    expect(row).not_to_have_attribute("data-state", re.compile(""))
    assert row.evaluate("(row) => [row.dataset.id, +row.dataset.sent]") == kept[:2]
    assert alice.texts() == ["Is the bridge open?", "Left side only."]


# What the button and the refusal above it say, each once.
NOTE_WAITS = """() => {
  window.told = new Set();
  const note = () => {
    const [words] = document.querySelectorAll('#refusal .why');
    if (words) window.told.add(words.textContent);
    const countdown = document.getElementById('countdown');
    if (!countdown.hidden) window.told.add(countdown.textContent);
  };
  const all = { childList: true, subtree: true, characterData: true };
  new MutationObserver(note).observe(document.getElementById('composer'), all);
}"""


def test_the_fourth_quick_message_goes_by_itself_when_it_may(server: Server, visit: Invite) -> None:
    alice = visit(server, elsewhere()).arrive()
    alice.page.evaluate(NOTE_WAITS)
    alice.submit_at_once("One.", "Two.", "Three.", "Four.", "Five.")
    alice.write("Meanwhile")
    expect(alice.message("Four.")).to_be_visible()
    expect(alice.message("Five.")).to_be_visible()
    expect(alice.pending).to_have_count(0)
    expect(alice.page.locator("#countdown")).to_be_hidden()
    expect(alice.page.locator("#refusal .notice")).to_have_count(0)
    expect(alice.page.locator("#text")).to_have_value("Meanwhile")
    assert alice.texts() == ["One.", "Two.", "Three.", "Four.", "Five."]
    sent = [frame for frame in map(json.loads, alice.sent) if frame.get("text") == "Four."]
    assert len({frame["ref"] for frame in sent}) == 1
    told = alice.page.evaluate("[...window.told]")
    assert any(re.fullmatch(r"It is sent by itself in \d+ s\.", words) for words in told)
    assert any(re.fullmatch(r"\d+", words) for words in told)


def test_a_message_that_is_refused_for_good_does_not_push_out_what_is_being_written(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere()).arrive()
    server.pause()
    try:
        alice.submit("x" * 100)
        alice.write("And then")
    finally:
        server.resume()
    expect(alice.pending.locator(".life")).to_have_text("Not sent")
    expect(alice.page.locator("#text")).to_have_value("And then")
    put_back = alice.pending.get_by_role("button", name="Put back")
    put_back.click()
    expect(alice.page.locator("#text")).to_have_value("And then")
    alice.write("")
    put_back.click()
    expect(alice.page.locator("#text")).to_have_value("x" * 100)
    expect(alice.pending).to_have_count(0)


def test_a_draft_and_what_nobody_confirmed_survive_a_reload(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot).arrive()
    # A network that swallows every frame: the socket opens and nobody is behind it.
    swallowing = [True]

    def connect(socket: WebSocketRoute) -> None:
        if not swallowing[0]:
            socket.connect_to_server()

    alice.page.route_web_socket(re.compile("/ws"), connect)
    alice.page.reload()
    alice.expect_status("Live")
    expect(alice.page.locator("#loading")).to_have_text("Loading")
    alice.submit("Sent into the blue.")
    alice.write("Half a sen")
    expect(alice.pending).to_have_attribute("data-state", "sending")
    swallowing[0] = False
    alice.page.reload()
    expect(alice.page.locator("#text")).to_have_value("Half a sen")
    expect(alice.message("Sent into the blue.")).to_be_visible()
    expect(alice.pending).to_have_count(0)
    assert bob.await_frame("chat.message")["text"] == "Sent into the blue."
    alice.page.reload()
    alice.expect_here()
    expect(alice.message("Sent into the blue.")).to_have_count(1)


def test_on_a_phone_enter_is_a_new_line_and_the_button_sends(server: Server, visit: Invite) -> None:
    alice = visit(server, elsewhere(), has_touch=True, is_mobile=True).arrive()
    alice.submit("Two lines,")
    alice.page.keyboard.type("one message.")
    assert alice.texts() == []
    alice.page.get_by_role("button", name="Send").tap()
    expect(alice.messages).to_have_count(1)
    assert alice.texts() == ["Two lines,\none message."]


def test_characters_are_counted_from_400_on_and_501_are_not_sent(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere()).arrive()
    counter = alice.page.locator("#counter")
    alice.write("x" * 399)
    expect(counter).to_be_hidden()
    alice.write("x" * 400)
    expect(counter).to_have_text("400 of 500")
    alice.submit("x" * 501)
    expect(counter).to_have_text("501 of 500 characters. Take 1 out and send again.")
    expect(alice.page.locator("#text")).to_have_attribute("aria-invalid", "true")
    expect(alice.page.locator("#text")).to_have_value("x" * 501)
    alice.send_text("🚲🚌" * 250)
    assert alice.texts() == ["🚲🚌" * 250]


def test_markup_in_a_message_or_a_name_is_shown_as_it_was_typed(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "<b hx-get=/near>bob</b>")
    alice = visit(server, spot).arrive()
    for text in HOSTILE:
        bob.send_text(text)
    expect(alice.messages).to_have_count(3)
    assert alice.texts() == [*HOSTILE]
    expect(alice.messages.first.locator(".name")).to_have_text(bob.name)
    expect(alice.person(bob.name)).to_be_visible()
    alice.send_text(f"{HOSTILE[1]} too")
    expect(alice.page).to_have_title("Near, 500 m")


def test_your_own_message_can_be_removed_and_is_gone_everywhere(
    server: Server, visit: Invite
) -> None:
    spot = elsewhere()
    alice = visit(server, spot).arrive()
    bob = visit(server, north(spot, 2)).arrive()
    alice.send_text("The wrong window.")
    alice.send_text("The right one.")
    expect(bob.message("The right one.")).to_be_visible()
    expect(bob.page.get_by_role("button", name="Your message")).to_have_count(0)

    row = alice.message("The wrong window.")
    row.get_by_role("button", name="Your message").click()
    alice.page.get_by_role("button", name="Remove for everyone").click()
    for one in (alice, bob):
        expect(one.message("The wrong window.")).to_have_count(0)
        one.page.reload()
        one.expect_here()
        assert one.texts() == ["The right one."]
