"""Steps through the menu of a person: its ring, its dialog, and its buttons."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.browser.test_connection import without_a_server

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.visitor import BrowserVisitor


def ring(visitor: BrowserVisitor, text: str) -> Locator:
    return visitor.message(text).get_by_role("button", name=re.compile("what you can do"))


def menu(visitor: BrowserVisitor) -> Locator:
    return visitor.page.get_by_role("dialog")


def pressed(visitor: BrowserVisitor, *names: str) -> None:
    for name in names:
        menu(visitor).get_by_role("button", name=re.compile(f"^{name}")).click()


def without_an_answer(alice: BrowserVisitor, path: str) -> None:
    without_a_server(alice)
    alice.page.route(path, lambda route: route.abort())
