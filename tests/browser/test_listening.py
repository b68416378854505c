"""What a reader of screens is told of the conversation, and how many stops people and messages
are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility_tree import heard
from tests.browser.visitor import wait_until
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Invite, Meet
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

# What changes in the log and is not hidden from those who listen.
LISTEN = """() => {
  window.announced = [];
  const silent = (element) => element?.closest('[aria-hidden="true"], [aria-live="off"]');
  const note = (changes) => {
    for (const { type, target, addedNodes } of changes) {
      const element = target.nodeType === Node.TEXT_NODE ? target.parentElement : target;
      if (silent(element)) continue;
      if (type === 'characterData') window.announced.push(target.data);
      for (const node of addedNodes) {
        const bubble = node.querySelector?.('.bubble');
        if (!silent(node.nodeType === Node.TEXT_NODE ? element : node))
          window.announced.push(bubble ? bubble.textContent : node.textContent);
      }
    }
  };
  const all = { childList: true, characterData: true, subtree: true };
  new MutationObserver(note).observe(document.querySelector('[role="log"]'), all);
}"""
# Any change within the log but of attributes that are drawn only: by hand, as an engine that
# builds a tree for those who listen would have to follow it.
WATCH_LOG = """() => {
  window.changes = [];
  const drawn = ['class', 'data-age', 'data-ago', 'data-gone', 'tabindex'];
  drawn.push('data-person', 'data-state'); // of an own message, once its copy has come
  const note = (changes) => {
    for (const { type, target, attributeName } of changes)
      if (!drawn.includes(attributeName)) window.changes.push(`${type} ${attributeName} ${target}`);
  };
  const all = { attributes: true, childList: true, characterData: true, subtree: true };
  new MutationObserver(note).observe(document.querySelector('[role="log"]'), all);
}"""
FOCUSED = (
    """() => document.activeElement.closest('[data-person]')?.querySelector('.name')?.textContent"""
)
STOPS = """(within) => [...document.querySelectorAll(`${within} button`)]
  .filter((control) => control.tabIndex === 0 && control.checkVisibility()).length"""


def focused(page: Page) -> str:
    return str(page.evaluate(FOCUSED))


def test_each_message_is_announced_once_and_no_tick_of_it_is(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot, clock=True).arrive()
    alice.stop_time()
    page = alice.page
    page.evaluate(LISTEN)
    alice.send_text("Mine.")
    theirs = bob.send_text("Theirs.")
    expect(alice.message("Theirs.")).to_be_visible()
    ring = alice.message("Mine.").get_by_role("button", name="Your message")
    expect(ring).to_have_accessible_name(re.compile(r"Your message, \d+:\d\d"))
    alice.pass_time(120_000)
    time = alice.message("Theirs.").locator("time")
    expect(time).to_have_attribute("data-ago", re.compile("[12] min"))
    bob.remove(theirs)
    expect(alice.messages).to_have_count(1)
    assert page.evaluate("window.announced") == ["You: Mine.", "Theirs."]


def test_a_reader_of_screens_is_told_of_no_more_than_what_was_said_however_long_it_stands(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot, clock=True).arrive()
    alice.stop_time()
    devtools = alice.context.new_cdp_session(alice.page)
    alice.page.evaluate(WATCH_LOG)
    told = 0
    for turn in range(3):
        bob.send_text(f"Line {turn}.")
        alice.send_text(f"Answer {turn}.")
        expect(alice.messages).to_have_count(2 * turn + 2)
        told += 2
        before = heard(devtools)
        assert before.count(f"StaticText Line {turn}. ") == 1
        alice.pass_time(8 * 60_000)
        time = alice.messages.first.locator("time")
        ago = 8 * (turn + 1)  # or as much less as this machine took meanwhile
        expect(time).to_have_attribute("data-ago", re.compile(f"^({ago}|{ago - 1}) min$"))
        assert heard(devtools) == before
    changes = alice.page.evaluate("window.changes")
    assert len(changes) <= told, changes


def test_an_ack_that_overtakes_its_copy_is_announced_once_too(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere()).arrive()
    page = alice.page
    page.evaluate(LISTEN)
    # The copy is kept back until the page has shown the message as sent.
    page.evaluate(
        """() => {
          window.copies = [];
          const keep = (event) => {
            const { message } = event.detail;
            if (!message.includes('<p>Acked first.</p>') || !window.copies) return;
            const template = document.createElement('template');
            template.innerHTML = message;
            window.copies.push(...template.content.firstElementChild.children);
            event.stopImmediatePropagation();
            event.preventDefault();
          };
          window.addEventListener('htmx:wsBeforeMessage', keep, { capture: true });
        }"""
    )
    alice.submit("Acked first.")
    row = alice.message("Acked first.")
    expect(row).to_have_attribute("data-state", "sent")
    wait_until(page, "() => window.copies.length")
    page.evaluate(
        """async () => {
          const { addMessages } = await import('/static/js/chat/messages.js');
          const { copies } = window;
          window.copies = null;
          addMessages(copies);
        }"""
    )
    expect(row).not_to_have_attribute("data-state", "sent")
    row.get_by_role("button", name="Your message").click()
    page.get_by_role("button", name="Remove for everyone").click()
    expect(alice.messages).to_have_count(0)
    assert page.evaluate("window.announced") == ["You: Acked first."]


def test_people_and_messages_are_one_stop_each_and_who_comes_or_goes_leaves_the_focus(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    names = ("ana", "bob", "cem")
    others = {name: meet(server, north(spot, turn), name) for turn, name in enumerate(names, 1)}
    for other in others.values():
        other.send_text(f"From {other.name}.")
    alice = visit(server, spot, viewport={"width": 1440, "height": 900}).arrive()
    page, press = alice.page, alice.page.keyboard.press
    expect(alice.people).to_have_count(3)
    alice.send_text("Mine.")
    assert page.evaluate(STOPS, "#people-list") == 1
    assert page.evaluate(STOPS, "#messages") == 1

    alice.person("ana").locator("button").focus()
    for key, name in (
        ("ArrowDown", "bob"),
        ("End", "cem"),
        ("ArrowDown", "cem"),
        ("ArrowUp", "bob"),
        ("Home", "ana"),
        ("ArrowDown", "bob"),
    ):
        press(key)
        assert focused(page) == name
    assert page.evaluate(STOPS, "#people-list") == 1

    meet(server, spot, "eva")
    expect(alice.person("eva")).to_have_count(1)
    assert (focused(page), page.evaluate(STOPS, "#people-list")) == ("bob", 1)
    others["bob"].http.post("/api/session/leave")
    expect(alice.person("bob")).to_have_count(0)
    assert (focused(page), page.evaluate(STOPS, "#people-list")) == ("cem", 1)
    page.locator("#text").focus()
    others["ana"].http.post("/api/session/leave")
    expect(alice.person("ana")).to_have_count(0)
    expect(page.locator("#text")).to_be_focused()
    assert page.evaluate(STOPS, "#people-list") == 1

    alice.message("Mine.").get_by_role("button", name="Your message").focus()
    press("ArrowUp")
    assert focused(page) == "cem"
    press("Home")
    assert focused(page) == "ana"
    press("End")
    expect(alice.message("Mine.").get_by_role("button", name="Your message")).to_be_focused()
    assert page.evaluate(STOPS, "#messages") == 1
