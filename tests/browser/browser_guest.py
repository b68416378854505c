"""Somebody in Firefox or WebKit: what they do, and what their page shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

from tests.browser.tabs import ENTER
from tests.support.waiting import until

if TYPE_CHECKING:
    from tests.browser.tabs import BrowserTab
    from tests.support.servers import Server

STATUS = "document.getElementById('status')?.dataset.state"
SHEET = "document.getElementById('menu').open"
# Of a machine without a touchscreen.
TOUCH = """((type, held) => {
  const { x, y } = held.getBoundingClientRect();
  const at = { clientX: x + 9, clientY: y + 9, pointerType: 'touch', pointerId: 7 };
  held.dispatchEvent(new PointerEvent(type, { ...at, bubbles: true, cancelable: true }));
})('%s', document.querySelector(%s))"""
AT_HOME = "location.pathname === '/' && document.readyState === 'complete'"


class BrowserGuest:
    """A page of a browser, and who sits before it."""

    def __init__(self, tab: BrowserTab, server: Server) -> None:
        self.tab = tab
        self.url = server.url
        self.forgiven: list[str] = []

    def arrive(self) -> Self:
        """By the front door, as anybody."""
        self.tab.open(self.url)
        self.until("document.getElementById('arrive')?.disabled === false", "the way in is open")
        self.tab.click("#arrive")
        self.expect_here()
        return self

    def submit(self, text: str) -> None:
        """Writes it by keys and presses Enter."""
        self.tab.click("#text")
        self.tab.press(text + ENTER)

    def hold(self, selector: str) -> None:
        """Lays a finger on it, as the browser tells the page of one, until its sheet is open."""
        self.evaluate(TOUCH % ("pointerdown", json.dumps(selector)))
        self.until(SHEET, "the sheet of what is held")
        self.evaluate(TOUCH % ("pointerup", json.dumps(selector)))

    def expect_here(self) -> None:
        """The page of the chat is there, its socket open and the history in."""
        here = f"location.pathname === '/near' && {STATUS} === 'live'"
        self.until(f"{here} && !document.getElementById('loading')", "the chat is live")

    def expect_sent(self, text: str) -> None:
        self.expect_message(text, "#messages .mine")

    def expect_message(self, text: str, rows: str = "#messages > li") -> None:
        """Exactly one row holds this text."""
        bubbles = f"[...document.querySelectorAll({json.dumps(f'{rows} .bubble')})]"
        told = f"{bubbles}.map((row) => row.textContent.replace(/^You: /, ''))"
        self.until(f"{told}.filter((one) => one === {json.dumps(text)}).length === 1", f"{text!r}")

    def until(self, holds: str, what: str) -> Any:
        """Returns once a JavaScript expression is true."""
        return until(lambda: self.tab.evaluate(holds), f"{what} ({holds})")

    def evaluate(self, expression: str) -> Any:
        return self.tab.evaluate(expression)

    @property
    def name(self) -> str:
        return str(self.evaluate("document.getElementById('self').dataset.name"))

    def texts(self) -> list[str]:
        """What is said, oldest first."""
        rows = "[...document.querySelectorAll('#messages .bubble')]"
        return list(self.evaluate(f"{rows}.map((row) => row.textContent.replace(/^You: /, ''))"))

    def forgive(self, words: str) -> None:
        """A complaint of the console that belongs to the test."""
        self.forgiven.append(words)

    def problems(self) -> list[str]:
        told = self.tab.problems()
        return [one for one in told if not any(words in one for words in self.forgiven)]
