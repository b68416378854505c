"""Reading a conversation: quotes, what was written to you, links, where you left, and what a reader
of screens hears, with what a socket brings said by the test."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility_tree import heard
from tests.browser.said_rows import ANA, YUSUF, ScriptedTalk, bubble, row, sheet
from tests.browser.visitor import wait_until

if TYPE_CHECKING:
    from tests.browser.visitor import BrowserVisitor

pytestmark = pytest.mark.browser

IN_VIEW = """(id) => {
  const { top, bottom } = document.getElementById(id).getBoundingClientRect();
  const view = document.getElementById('scroller').getBoundingClientRect();
  return top < view.bottom && bottom > view.top;
}"""


def test_what_was_written_to_you_stands_out_and_is_found_from_below(
    alice: BrowserVisitor, talk: ScriptedTalk
) -> None:
    for turn in range(20):
        talk.bring(YUSUF, f"Line {turn}.", ago=20 - turn)
    expect(alice.messages).to_have_count(20)
    alice.page.locator("#scroller").evaluate("(scroller) => { scroller.scrollTop = 0; }")
    wait_until(
        alice.page, f"() => !({IN_VIEW})(document.querySelector('#messages').lastElementChild.id)"
    )
    to_you = talk.bring(ANA, f"@{alice.name} is it open?", at=talk.me)
    for turn in range(12):
        talk.bring(YUSUF, f"More {turn}.")
    more = alice.page.locator("#more")
    expect(more).to_have_text("Ana wrote to you, 13 new")
    expect(row(alice, to_you)).to_have_class(re.compile("to-you"))
    expect(bubble(alice, to_you).locator("mark")).to_have_text(f"@{alice.name}")
    more.click()
    expect(bubble(alice, to_you)).to_be_in_viewport()
    expect(row(alice, to_you).locator(".o")).to_be_focused()
    expect(more).to_be_hidden()


def test_a_quote_is_filled_from_what_is_shown_and_a_tap_leads_there_and_back(
    alice: BrowserVisitor, talk: ScriptedTalk
) -> None:
    asked = talk.bring_own("Is the bridge open?", ago=25)
    for turn in range(20):
        talk.bring(YUSUF, f"Line {turn}.", ago=20 - turn)
    answer = talk.bring(ANA, "Left side only.", reply_to=asked)
    never = talk.bring(ANA, "Elsewhere.", reply_to=talk.new_id(3))
    over = talk.bring(ANA, "Long ago.", reply_to=talk.new_id(31))
    expect(bubble(alice, never).locator(".quote")).to_contain_text("a message you did not hear")
    expect(bubble(alice, over).locator(".quote")).to_contain_text("a message that is gone")
    quote = bubble(alice, answer).locator(".quote")
    expect(quote).to_have_text(re.compile("You ?Is the bridge open?"))
    quote.click()
    expect(bubble(alice, asked)).to_be_in_viewport()
    expect(row(alice, asked).locator(".o")).to_be_focused()
    alice.page.locator("#back").click()
    expect(bubble(alice, answer)).to_be_in_viewport()
    expect(alice.page.locator("#back")).to_be_hidden()

    talk.signal(f"gone|ids={asked}")
    expect(row(alice, asked)).to_have_count(0)
    expect(quote).to_contain_text("a message that is gone")
    assert "bridge" not in alice.page.locator("#messages").inner_text()


def test_who_is_muted_folds_away_with_every_quote_of_them_until_that_is_undone(
    alice: BrowserVisitor, talk: ScriptedTalk
) -> None:
    first = talk.bring(YUSUF, "Rolls for free.")
    second = talk.bring(YUSUF, "Sesame ones too.")
    answer = talk.bring(ANA, "Thank you!", reply_to=first)
    row(alice, first).locator(".o").click()
    sheet(alice, "mute").click()
    expect(bubble(alice, first)).to_be_hidden()
    expect(row(alice, second)).to_be_hidden()
    expect(bubble(alice, answer).locator(".quote")).to_contain_text("a message you did not hear")
    third = talk.bring(YUSUF, "Hello?")
    expect(row(alice, third)).to_have_class(re.compile("folded"))
    alice.page.reload()
    alice.expect_here()
    fresh = ScriptedTalk(alice, talk.wire)
    again = fresh.bring(YUSUF, "Still here.")
    expect(bubble(alice, again)).to_be_hidden()
    row(alice, again).get_by_role("button", name="Yusuf is muted for you. Show again").click()
    expect(bubble(alice, again)).to_be_visible()


def test_a_link_of_somebody_else_says_once_where_it_leads_before_it_opens(
    alice: BrowserVisitor, talk: ScriptedTalk
) -> None:
    said = talk.bring(ANA, "See https://muni-transit.example/lines/4/detour?x=1")
    link = bubble(alice, said).locator("a")
    expect(link).to_have_text("muni-transit.example/lines/4/det…")
    link.click()
    menu = alice.page.locator("#menu")
    expect(menu).to_have_accessible_name(re.compile("^A link from Ana e3r"))
    expect(menu.locator(".link-host")).to_have_text("muni-transit.example")
    expect(menu.locator(".link-whole")).to_have_text(
        "https://muni-transit.example/lines/4/detour?x=1"
    )
    alice.context.route("https://muni-transit.example/**", lambda route: route.fulfill(body="."))
    with alice.context.expect_page() as opened:
        menu.locator(".link-open").click()
    assert opened.value.evaluate("window.opener") is None
    opened.value.close()
    expect(menu).to_be_hidden()
    with alice.context.expect_page() as opened:
        link.click()
    opened.value.close()


def test_a_line_stands_where_you_left(alice: BrowserVisitor, talk: ScriptedTalk) -> None:
    talk.bring(ANA, "Before.")
    alice.hide()
    first = talk.bring(ANA, "Meanwhile.")
    talk.bring(ANA, "And this.")
    alice.hide(False)
    lined = alice.page.locator("[data-new]")
    expect(lined).to_have_attribute("id", f"m-{first}")
    expect(lined).not_to_have_class(re.compile("again"))
    alice.hide()
    expect(lined).to_have_count(0)
    expect(row(alice, first)).to_have_class(re.compile("again"))


def test_the_line_where_you_left_stays_where_it_is_as_what_is_below_it_ends(
    alice: BrowserVisitor, talk: ScriptedTalk
) -> None:
    alice.hide()
    over = talk.bring(ANA, "Over soon.", ago=30 - 4 / 60)
    second = talk.bring(YUSUF, "Meanwhile.")
    expect(row(alice, second)).to_be_visible()
    expect(row(alice, over)).to_have_count(0)
    third = talk.bring(ANA, "And this.")
    expect(row(alice, third)).to_be_visible()
    expect(alice.page.locator("[data-new]")).to_have_attribute("id", f"m-{second}")


def test_a_reader_of_screens_hears_who_from_how_far_and_whom_they_answer_once(
    alice: BrowserVisitor, talk: ScriptedTalk
) -> None:
    devtools = alice.context.new_cdp_session(alice.page)
    asked = talk.bring_own("Is the bridge open?", ago=3)
    talk.bring(ANA, "Left side only.", reply_to=asked)
    expect(alice.messages).to_have_count(2)
    told = [line.strip() for line in heard(devtools) if line.startswith(("StaticText", "button"))]
    words = [re.sub(r"\d+:\d\d( [AP]M)?", "14:27", line) for line in told]
    assert words[-8:] == [
        "StaticText Ana",
        "StaticText e3r",
        "StaticText 200 metres",
        "button replies to you:",
        "StaticText replies to you:",
        "StaticText Left side only.",
        "button Ana e3r, 14:27: what you can do",
        "StaticText A",
    ]
    assert sum("Is the bridge open?" in line for line in words) == 1
