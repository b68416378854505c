"""Saying something in a conversation: replies, names, what is refused of them and taking back, with
what a socket brings said by the test."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.said_rows import ANA, OTHER_ANA, SEND_ONCE, YUSUF, bubble, row, sent, sheet
from tests.support.client import elsewhere, north
from tests.support.waiting import until

if TYPE_CHECKING:
    from tests.browser.conftest import Invite
    from tests.browser.interceptor import Interceptor
    from tests.browser.said_rows import ScriptedTalk
    from tests.browser.visitor import BrowserVisitor
    from tests.support.servers import Server

pytestmark = pytest.mark.browser


def acked_by(wire: Interceptor, talk: ScriptedTalk, *kinds: str) -> None:
    """What the page sends of these kinds goes no further; a message of yours is acked."""

    def answer(frame: str) -> str | None:
        found = json.loads(frame)
        if found["type"] not in kinds:
            return None
        ack = f'<data class="ack" data-ref="{found.get("ref")}" data-id="{talk.new_id()}"></data>'
        acks = ack if found["type"] == "chat.send" else ""
        return f'<div id="signals" hx-swap-oob="innerHTML">{acks}</div>'

    wire.edit = answer


def test_a_tap_on_words_opens_their_sheet_and_a_reply_names_what_it_answers(
    alice: BrowserVisitor, wire: Interceptor, talk: ScriptedTalk
) -> None:
    alice.page.evaluate(SEND_ONCE)
    wire.edit = lambda frame: "" if '"chat.send"' in frame else None
    said = talk.bring(ANA, "Left side only. <b>I</b> crossed it.")
    bubble(alice, said).click()
    expect(alice.page.locator("#menu blockquote").first).to_have_text(
        "Left side only. <b>I</b> crossed it."
    )
    expect(alice.page.locator("#menu-times")).to_have_text(re.compile(r"^Sent \d+:\d\d.*, gone at"))
    sheet(alice, "reply").click()
    expect(alice.page.locator("#text")).to_be_focused()
    reply = alice.page.locator("#reply")
    expect(reply).to_have_text(re.compile("You reply to Ana: Ana ?Left side only."))
    alice.page.keyboard.press("Escape")
    expect(reply).to_be_hidden()

    bubble(alice, said).click()
    sheet(alice, "reply").click()
    alice.submit("Thank you.")
    expect(reply).to_be_hidden()
    (frame,) = sent(wire, "chat.send")
    assert (frame["text"], frame["reply_to"]) == ("Thank you.", said)
    talk.signal(f"ack|ref={frame['ref']}|id={talk.new_id()}")
    quote = alice.message("Thank you.").locator(".quote")
    expect(quote).to_have_text(re.compile("Ana ?Left side only"))


def test_a_reply_that_is_refused_comes_back_without_what_is_gone(
    alice: BrowserVisitor, wire: Interceptor, talk: ScriptedTalk
) -> None:
    alice.page.evaluate(SEND_ONCE)
    wire.edit = lambda frame: "" if '"chat.send"' in frame else None
    said = talk.bring(ANA, "Left side only.")
    bubble(alice, said).click()
    sheet(alice, "reply").click()
    alice.submit("Thank you.")
    expect(alice.pending).to_have_count(1)
    talk.refuse(sent(wire, "chat.send")[0]["ref"], "not-found", "It is gone.")
    expect(alice.page.locator("#text")).to_have_value("Thank you.")
    expect(alice.page.locator("#refusal .why")).to_have_text(re.compile("reply to is gone"))
    expect(alice.page.locator("#reply")).to_be_hidden()
    alice.page.locator("#text").press("Enter")
    expect(alice.pending).to_have_count(1)
    assert "reply_to" not in sent(wire, "chat.send")[1]


def test_what_you_were_about_to_answer_is_there_after_a_reload(alice: BrowserVisitor) -> None:
    alice.send_text("Who has a ladder?")
    alice.message("Who has a ladder?").locator(".bubble").click()
    sheet(alice, "reply").click()
    alice.write("I found one.")
    alice.page.reload()
    alice.expect_here()
    reply = alice.page.locator("#reply")
    expect(reply).to_have_text(re.compile(r"You reply to yourself: You ?Who has a ladder\?"))
    alice.page.locator("#text").press("Enter")
    quote = alice.message("I found one.").locator(".quote")
    expect(quote).to_have_text(re.compile("You ?Who has a ladder?"))
    expect(reply).to_be_hidden()
    assert "ladder" not in str(reply.text_content())
    alice.page.reload()
    alice.expect_here()
    expect(alice.messages).to_have_count(2)
    expect(reply).to_be_hidden()


def test_a_name_is_completed_by_keys_and_the_frame_names_whom_it_means(
    alice: BrowserVisitor, wire: Interceptor, talk: ScriptedTalk
) -> None:
    alice.page.evaluate(SEND_ONCE)
    wire.edit = lambda frame: "" if '"chat.send"' in frame else None
    talk.people(ANA, OTHER_ANA, YUSUF)
    expect(alice.people).to_have_count(3)
    field, names = alice.page.locator("#text"), alice.page.locator("#names")
    field.press_sequentially("Thanks @an")
    options = names.get_by_role("option")
    expect(options).to_have_count(2)
    expect(options.first.locator(".tag")).to_be_visible()
    expect(field).to_have_attribute("aria-activedescendant", "name-0")
    field.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    field.press("Escape")
    expect(names).to_be_hidden()
    field.press_sequentially("a")
    expect(names).to_be_visible()
    field.press("ArrowUp")
    field.press("Enter")
    expect(field).to_have_value("Thanks @Ana ")
    field.press_sequentially("and @yu")
    expect(options).to_have_count(1)
    expect(options.first.locator(".tag")).to_be_hidden()
    field.press("Tab")
    expect(field).to_have_value("Thanks @Ana and @Yusuf ")
    field.press("Enter")
    expect(alice.pending).to_have_count(1)
    (frame,) = sent(wire, "chat.send")
    assert frame["mentions"] == [YUSUF.person_id, OTHER_ANA.person_id]


def test_an_answer_a_name_and_reactions_go_from_one_browser_to_the_other(
    server: Server, visit: Invite
) -> None:
    spot = elsewhere()
    alice, bob = visit(server, spot).arrive(), visit(server, north(spot, 2)).arrive()
    expect(alice.people).to_have_count(1)
    bob.send_text("Left side only.")
    alice.message("Left side only.").locator(".bubble").click()
    sheet(alice, "reply").click()
    alice.page.locator("#text").press_sequentially(f"@{bob.name[:4]}")
    alice.page.locator("#text").press("Enter")
    alice.page.locator("#text").press_sequentially("thank you.")
    alice.page.locator("#text").press("Enter")
    heard = bob.message("thank you.")
    expect(heard.locator(".quote")).to_have_text(re.compile("You ?Left side only."))
    expect(heard).to_have_class(re.compile("to-you"))
    expect(heard.locator("mark")).to_have_text(f"@{bob.name}")

    heard.locator(".o").click()
    sheet(bob, "react").filter(has_text="Love").click()
    said = alice.message("thank you.")
    expect(said.locator(".chip")).to_have_accessible_name("Love: 1")
    said.locator(".chip").click()
    expect(alice.page.locator("#menu-reactors li")).to_have_text(re.compile(bob.name))
    alice.page.keyboard.press("Escape")
    bob.page.reload()
    bob.expect_here()
    chip = bob.message("thank you.").locator(".chip")
    expect(chip).to_have_accessible_name("Love: 1, you too")
    chip.click()
    expect(said.locator(".chip")).to_have_count(0)


def test_a_removal_can_be_undone_and_is_asked_for_when_its_time_is_over_or_you_leave(
    alice: BrowserVisitor, wire: Interceptor, talk: ScriptedTalk
) -> None:
    acked_by(wire, talk, "chat.remove")
    one, other = talk.bring_own("One."), talk.bring_own("Other.")
    answer = talk.bring(ANA, "Why?", reply_to=one)
    undo = alice.page.locator("#undo button")
    alice.hold_time()
    row(alice, one).locator(".o").click()
    sheet(alice, "remove").click()
    expect(row(alice, one)).to_be_hidden()
    expect(undo).to_be_focused()
    assert sent(wire, "chat.remove") == []
    undo.click()
    expect(bubble(alice, one)).to_be_visible()
    expect(bubble(alice, answer).locator(".quote")).to_contain_text("One.")
    for message_id in (one, other):  # the second makes the first final
        row(alice, message_id).locator(".o").click()
        sheet(alice, "remove").click()
    expect(undo).to_be_visible()
    assert [frame["id"] for frame in sent(wire, "chat.remove")] == [one]
    alice.hold_time(False)
    expect(undo).to_be_hidden()
    assert [frame["id"] for frame in sent(wire, "chat.remove")] == [one, other]
    expect(alice.page.locator("#scroller")).to_be_focused()
    last = talk.bring_own("Last.")
    alice.hold_time()
    row(alice, last).locator(".o").click()
    sheet(alice, "remove").click()
    expect(undo).to_be_visible()
    alice.hide()  # a phone that is put away may stop its pages
    assert alice.page.locator("#undo").is_hidden()
    until(
        lambda: [frame["id"] for frame in sent(wire, "chat.remove")] == [one, other, last],
        "the removal is asked for",
        pause=lambda: alice.page.wait_for_timeout(20),
    )
