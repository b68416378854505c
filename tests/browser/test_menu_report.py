"""Reporting a message or somebody by their menu: what goes with it, and what stays if it fails."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.menus import menu, pressed, ring, without_an_answer
from tests.support.client import elsewhere, north
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Route

    from tests.browser.conftest import Invite, Meet
    from tests.conftest import Serve
    from tests.support.servers import Server

pytestmark = pytest.mark.browser


def reported(server: Server) -> list[Any]:
    """What the database holds of reports."""
    with sqlite3.connect(server.folder / "db.sqlite3") as database:
        query = "SELECT person_id, reason, words, message_id, evidence FROM chat_report"
        return database.execute(query).fetchall()


def test_a_message_is_reported_by_its_ring_with_the_servers_copy(
    serve: Serve, visit: Invite, meet: Meet
) -> None:
    server = serve(migrate=True)
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot).arrive()
    bob.send_text("One word.")
    message_id = bob.send_text("Another.")
    bob.send_text("A third.")
    ring(alice, "Another.").click()
    pressed(alice, "Report")
    expect(menu(alice).locator("form blockquote")).to_have_text("Another.")
    expect(menu(alice)).to_contain_text("kept for 30 days")
    menu(alice).get_by_text("Threats or violence").click()
    menu(alice).get_by_role("textbox").fill("He means it.")
    pressed(alice, "Send report")
    expect(menu(alice).get_by_role("status")).to_have_text(re.compile("^Sent."))
    until(lambda: reported(server), "the row of the report")
    ((person_id, reason, words, named, evidence),) = reported(server)
    assert (person_id, reason, words) == (bob.person_id, "threats", "He means it.")
    assert named == message_id
    assert [one["text"] for one in json.loads(evidence)] == ["One word.", "Another."]
    # Nothing is gone, and whom they reported they may block.
    assert alice.texts() == ["One word.", "Another.", "A third."]
    pressed(alice, "Block them too", "Block")
    expect(alice.messages).to_have_count(0)


def test_a_reporter_adds_their_own_answers_and_nobody_elses(
    serve: Serve, visit: Invite, meet: Meet
) -> None:
    server = serve(migrate=True)
    spot = elsewhere()
    bob, dora = meet(server, north(spot, 2), "bob"), meet(server, north(spot, 2), "dora")
    alice = visit(server, spot).arrive()
    bob.send_text("Where do you live?")
    dora.send_text("Lovely evening.")
    switch = menu(alice).get_by_role("switch", name="Add my own messages to them")
    ring(alice, "Where do you live?").first.click()
    pressed(alice, "Report")
    expect(switch).to_be_hidden()
    alice.page.keyboard.press("Escape")
    for said, answer in (
        ("Where do you live?", "I won't say."),
        ("Lovely evening.", "It is."),
        ("Where do you live?", "Stop."),
    ):
        ring(alice, said).first.click()
        pressed(alice, "Reply")
        alice.send_text(answer)
    ring(alice, "Where do you live?").first.click()
    pressed(alice, "Report")
    expect(menu(alice)).to_contain_text("of the last 30 minutes that answer this person: 2")
    menu(alice).get_by_text("Harassment").click()
    switch.click()
    pressed(alice, "Send report")
    expect(menu(alice).get_by_role("status")).to_have_text(re.compile("^Sent."))
    until(lambda: reported(server), "the row of the report")
    ((*_, evidence),) = reported(server)
    assert [(one["text"], one.get("by_reporter", False)) for one in json.loads(evidence)] == [
        ("Where do you live?", False),
        ("I won't say.", True),
        ("Stop.", True),
    ]


def test_a_person_is_reported_from_their_row_without_a_message(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot).arrive()
    # The whole row opens it, not just its dots.
    alice.person("bob").click(position={"x": 20, "y": 20})
    pressed(alice, "Report")
    expect(menu(alice).locator("form blockquote")).to_be_hidden()
    expect(menu(alice)).to_contain_text("Nothing they said goes with it.")
    with alice.page.expect_request("**/api/report") as sent:
        menu(alice).get_by_text("Spam or fraud").click()
        pressed(alice, "Send report")
    assert sent.value.post_data == f"person_id={bob.person_id}&reason=spam&words="
    expect(menu(alice).get_by_role("status")).to_have_text(re.compile("^Sent."))


def test_a_report_needs_a_reason_and_what_was_typed_stays_until_it_is_taken(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    alice = visit(server, spot).arrive()
    meet(server, north(spot, 2), "bob").send_text("One word.")
    ring(alice, "One word.").click()
    pressed(alice, "Report")
    text = menu(alice).get_by_role("textbox")
    text.fill("He means it.")
    pressed(alice, "Send report")
    assert alice.calls("/api/report") == []
    menu(alice).get_by_text("Hate").click()

    without_an_answer(alice, "**/api/report")
    pressed(alice, "Send report")
    notice = menu(alice).get_by_role("alert")
    expect(notice).to_have_text(re.compile("did not answer. The report is not sent."))
    alice.page.unroute("**/api/report")
    words = "Many reports at once. You can report again in 6 min."
    alice.forgive("status of 429")
    alice.forgive("Response Status Error Code 429")
    alice.page.route("**/api/report", refusing(429, words))
    pressed(alice, "Send report")
    expect(notice).to_have_text(words)
    alice.page.unroute("**/api/report")
    # Closed by mistake and opened again, the words are still there.
    alice.page.mouse.click(5, 5)
    expect(menu(alice)).to_have_count(0)
    ring(alice, "One word.").click()
    pressed(alice, "Report")
    expect(text).to_have_value("He means it.")
    expect(menu(alice).get_by_label("Hate")).to_be_checked()
    pressed(alice, "Send report")
    expect(menu(alice).get_by_role("status")).to_have_text(re.compile("^Sent."))
    pressed(alice, "Close")
    ring(alice, "One word.").click()
    pressed(alice, "Report")
    expect(text).to_have_value("")


def refusing(status: int, words: str) -> Callable[[Route], None]:
    notice = f'<p class="notice" role="alert" data-code="x">{words}</p>'
    return lambda route: route.fulfill(status=status, body=notice, content_type="text/html")
