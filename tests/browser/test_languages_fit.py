"""Every page and state in the longest words, the tallest letters and from right to left: all of it
can be seen on the narrowest phone with text twice as large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

from tests.browser.language_walk import arrive, walk
from tests.browser.test_access import SIDEWAYS, SMALLEST, complaints
from tests.browser.test_large_text import CUT_OFF, DRAWN, ENLARGED, WORDS_AND_CONTROLS
from tests.support.client import elsewhere

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Invite
    from tests.browser.visitor import BrowserVisitor
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

WALKED = ("de", "ar", "hi", "ja")
OTHERS = [one for one, _ in settings.LANGUAGES if one not in (*WALKED, "en")]
# What a tool finds differs little from language to language: all of it in one that is mirrored.
LOOKED_AT = ("/", "alone", "settings", "in voice")
# Words that an edge cuts; of the hero only its rings reach beyond. Names, quotes and addresses may
# end in an ellipsis: they are others' own.
CLIPPED = """() => [...document.querySelectorAll('body *')]
  .filter((element) => element.checkVisibility({ visibilityProperty: true }))
  .filter((element) => element.innerText?.trim() && !element.matches('.hero'))
  .filter((element) => !element.closest('.unseen, svg, select'))
  .filter((element) => {
    const { overflowX, overflowY, textOverflow, clipPath } = getComputedStyle(element);
    if (clipPath !== 'none' || textOverflow === 'ellipsis') return false;
    const cuts = (overflow) => overflow === 'hidden' || overflow === 'clip';
    return (cuts(overflowX) && element.scrollWidth > element.clientWidth + 1)
      || (cuts(overflowY) && element.scrollHeight > element.clientHeight + 1);
  })
  .map((element) => `clipped: ${element.outerHTML.slice(0, 90)}`)"""
# The parts of the head, and of each bar of controls, that lie on each other.
OVERLAPPING = """() => ['.top', '.views', '.place-line', '.composer', '.panel-head', '.menu-head',
  '.controls', '.choices', '.foot'].flatMap((bar) => [...document.querySelectorAll(bar)])
  .flatMap((bar) => {
    const parts = [...bar.children]
      .filter((part) => part.checkVisibility({ visibilityProperty: true }))
      .filter((part) => !part.matches('.unseen') && getComputedStyle(part).position !== 'absolute')
      .map((part) => [part, part.getBoundingClientRect()]);
    return parts.flatMap(([one, a], at) => parts.slice(at + 1)
      .filter(([, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1)
      .map(([other]) => `${one.outerHTML.slice(0, 60)} lies on ${other.outerHTML.slice(0, 60)}`));
  })"""


def faults(page: Page) -> list[Any]:
    page.evaluate(ENLARGED, 200)
    page.evaluate(DRAWN)
    return [
        *page.evaluate(SIDEWAYS),
        *page.evaluate(CUT_OFF, WORDS_AND_CONTROLS),
        *page.evaluate(CLIPPED),
        *page.evaluate(OVERLAPPING),
    ]


def guest(visit: Invite, server: Server, language: str) -> BrowserVisitor:
    size = {"width": SMALLEST["width"], "height": SMALLEST["height"]}
    allowed = ["geolocation", "microphone"]
    return visit(server, elsewhere(), locale=language, viewport=size, permissions=allowed)


def faults_on_the_way(server: Server, visit: Invite, language: str) -> list[Any]:
    """What is wrong with which page or state of a whole visit."""
    alice = guest(visit, server, language)
    found = []
    for state in walk(alice, server):
        if not state.startswith("/admin/"):  # Django's own pages, on operators' screens
            found += [(state, fault) for fault in faults(alice.page)]
        if language == "ar" or state in LOOKED_AT:
            found += [(state, fault) for fault in complaints(alice.page)]
    return found


@pytest.mark.parametrize("language", WALKED)
def test_each_page_and_state_fits_the_narrowest_phone_with_large_text(
    server: Server, visit: Invite, language: str
) -> None:
    found = faults_on_the_way(server, visit, language)
    assert not found, "\n".join(map(str, found))


def test_the_first_pages_fit_in_each_other_language(server: Server, visit: Invite) -> None:
    alice = guest(visit, server, "en")
    arrive(alice)
    found = []
    for language in OTHERS:
        alice.context.add_cookies([{"name": "language", "value": language, "url": server.url}])
        for path in ("/", "/near"):
            alice.page.goto(server.url + path)
            assert alice.page.locator("html").get_attribute("lang") == language
            found += [(language, path, fault) for fault in faults(alice.page)]
    assert found == []
