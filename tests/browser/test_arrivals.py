"""Messages as the socket brings them: each at once, and together where they keep coming."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.template.loader import render_to_string

from presence.delivery import Form, rows
from tests.browser.module_scripts import CONVERSATION, run
from tests.browser.visitor import stop_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.support.servers import Server

pytestmark = pytest.mark.browser

AT_ONCE, EVERY_MS = 5, 1500
# A frame as the socket brings it, and whether htmx is left to swap it.
BRING = """(frame) => {
  const detail = { message: frame };
  const options = { detail, bubbles: true, cancelable: true };
  return document.body.dispatchEvent(new CustomEvent('htmx:wsBeforeMessage', options));
}"""
SHOWN = "() => [...document.querySelectorAll('#messages .bubble')].map((one) => one.textContent)"
HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
# The first word of a socket: who you are.
WELCOME = """(id) => {
  const [signals, fragment] = [document.createElement('div'), document.createElement('div')];
  signals.id = 'signals';
  document.body.append(signals);
  fragment.innerHTML = `<data class="welcome" data-person-id="${id}"></data>`;
  const options = { detail: { fragment }, bubbles: true };
  signals.dispatchEvent(new CustomEvent('htmx:oobBeforeSwap', options));
}"""
OWN_ID = "0" * 16
# As an answer to a call brings them.
ADD = """async (rows) => {
  const { addMessages } = await import('/static/js/chat/messages.js');
  document.getElementById('older').innerHTML = rows;
  addMessages([...document.querySelectorAll('#older li')]);
}"""
PIECES = """() => document.body.insertAdjacentHTML('beforeend', '<dialog id="menu"></dialog>')"""


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A conversation on a page whose time stands still."""
    page = browser.new_page()
    page.clock.install()
    page.goto(f"{server.url}/")
    page.evaluate(CONVERSATION)
    stop_clock(page)
    run(page, "await load('chat/arrivals'); (await load('chat/messages')).finishLoading();")
    page.evaluate(WELCOME, OWN_ID)
    yield page
    page.close()


def row(page: Page, text: str, *, mine: bool = False) -> str:
    """A message that was sent now, as the server sends it."""
    at = page.evaluate("Date.now()")
    values = {
        "id": f"{at}-0.{text:0>8}",
        "person_id": OWN_ID if mine else "f" * 16,
        "name": "Ana",
        "tag": "abc",
        "colour": 1,
        "metres": 300,
        "text": text,
    }
    return rows(Form.HTML, [render_to_string("_message.html", {"message": values})]).text


def bring(page: Page, *texts: str) -> list[str]:
    """Each a tenth of a second after the one before; what is shown then."""
    for text in texts:
        assert not page.evaluate(BRING, row(page, text))
        page.clock.run_for(100)
    return shown(page)


def shown(page: Page) -> list[str]:
    found: list[str] = page.evaluate(SHOWN)
    return found


def test_the_first_are_shown_at_once_and_what_keeps_coming_together(page: Page) -> None:
    said = [str(turn) for turn in range(40)]
    counts = [len(bring(page, text)) for text in said]
    assert counts[:AT_ONCE] == [1, 2, 3, 4, 5]
    changes = len({*counts}) - AT_ONCE
    assert 1 < changes <= len(said) * 100 / EVERY_MS + 1, counts
    page.clock.run_for(EVERY_MS)
    assert shown(page) == said, "all, and in their order"
    # After some quiet it is a conversation again.
    page.clock.run_for(AT_ONCE * EVERY_MS)
    assert [len(bring(page, text)) for text in "abcde"] == [41, 42, 43, 44, 45]


def test_whoever_speaks_now_and_then_is_never_waited_for(page: Page) -> None:
    for turn in range(10):
        assert len(bring(page, str(turn))) == turn + 1
        page.clock.run_for(EVERY_MS)


@pytest.mark.parametrize("kind", ["your own", "another frame", "hidden", "visible"])
def test_what_answers_you_shows_all_that_came_before_it(page: Page, kind: str) -> None:
    said = [str(turn) for turn in range(7)]
    assert bring(page, *said) == said[:AT_ONCE]
    if kind == "your own":
        assert not page.evaluate(BRING, row(page, "mine", mine=True))
        said.append("You: mine")
    elif kind == "another frame":
        signal = '<div id="signals" hx-swap-oob="innerHTML"><data class="gone"></data></div>'
        assert page.evaluate(BRING, signal), "htmx swaps it"
    else:
        page.evaluate(HIDE, kind == "hidden")
    assert shown(page) == said


def test_a_row_that_cannot_be_shown_holds_up_no_other(page: Page) -> None:
    page.evaluate(HIDE, True)
    assert not page.evaluate(BRING, rows(Form.HTML, ['<li id="m-1"></li>']).text)
    assert bring(page, "1") == ["1"]


def test_a_hidden_page_holds_nothing_back(page: Page) -> None:
    page.evaluate(HIDE, True)
    said = [str(turn) for turn in range(10)]
    assert bring(page, *said) == said


@pytest.mark.parametrize("kind", ["hidden", "another frame"])
def test_what_was_not_waited_for_makes_nothing_later_wait_longer(page: Page, kind: str) -> None:
    page.evaluate(HIDE, kind == "hidden")
    for turn in range(30):
        bring(page, str(turn))
        if kind == "another frame":
            page.evaluate(BRING, "<div></div>")
    page.evaluate(HIDE, False)
    count = len(bring(page, "last"))
    page.clock.run_for(EVERY_MS)
    assert (count, len(shown(page))) == (30, 31)


def test_what_waits_as_the_visit_ends_is_never_shown(page: Page) -> None:
    bring(page, *(str(turn) for turn in range(7)))
    page.evaluate(PIECES)
    run(page, "(await load('page/visit')).eraseVisit();")
    page.clock.run_for(EVERY_MS)
    assert shown(page) == []
    assert bring(page, "8") == []
    page.evaluate(ADD, row(page, "older"))
    assert shown(page) == []


def test_what_ends_within_a_moment_goes_with_what_comes(page: Page) -> None:
    bring(page, "old", "older")
    page.clock.run_for(1_800_000 - 1000)
    assert shown(page) == ["old", "older"]
    assert bring(page, "new") == ["new"]
