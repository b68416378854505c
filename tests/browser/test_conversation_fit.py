"""A conversation fits each screen and text twice as large, takes a thumb, and axe finds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.said_rows import ANA, OTHER_ANA, YUSUF, bubble, row, sheet
from tests.browser.test_access import (
    DESKTOP,
    PHONE,
    SETTLE,
    SIDEWAYS,
    SMALL,
    SMALLEST,
    TOUCH_PX,
    complaints,
)

if TYPE_CHECKING:
    from tests.browser.said_rows import ScriptedTalk
    from tests.browser.visitor import BrowserVisitor

pytestmark = pytest.mark.browser

# How much wider the hint in the empty composer is than its field.
HINT_BEYOND = """() => {
  const field = document.getElementById('text');
  const hint = getComputedStyle(field, '::placeholder');
  const { paddingLeft, paddingRight } = getComputedStyle(field);
  const pen = new OffscreenCanvas(1, 1).getContext('2d');
  pen.font = `${hint.fontWeight} ${hint.fontSize} ${hint.fontFamily}`;
  const room = field.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
  return Math.max(0, pen.measureText(field.placeholder).width - room);
}"""


@pytest.mark.parametrize("percent", [100, 200])
@pytest.mark.parametrize("size", [SMALLEST, PHONE, DESKTOP], ids=["smallest", "phone", "desktop"])
def test_everything_fits_can_be_touched_and_axe_finds_nothing(
    alice: BrowserVisitor, talk: ScriptedTalk, size: Any, percent: int
) -> None:
    alice.page.emulate_media(color_scheme="dark" if percent == 200 else "light")
    alice.page.set_viewport_size(size)
    alice.page.evaluate(
        "(percent) => { document.documentElement.style.fontSize = `${percent}%`; }", percent
    )
    talk.people(ANA, OTHER_ANA, YUSUF)
    assert alice.page.evaluate(HINT_BEYOND) == 0
    asked = talk.bring_own("Is the bridge open?", ago=26)
    said = talk.bring(
        ANA, "Left side only, see https://example.org/a/b/c/d/e/f", reply_to=asked, ago=9
    )
    talk.bring(YUSUF, "Elsewhere.", reply_to=talk.new_id(40))
    talk.bring(ANA, f"@{alice.name} yes?", at=talk.me)
    folded = talk.bring(OTHER_ANA, "Nobody asked.")
    talk.signal(f"reactions|id={said}|counts=yes:12 love:3 funny:1 wow:2 sorry:4 me-too:128")
    talk.signal(f"reacted|id={said}|reaction=love", f"reactions|id={asked}|counts=yes:1")
    expect(row(alice, said).locator(".chip")).to_have_count(6)
    row(alice, folded).locator(".o").click()
    assert found(alice) == ([], [], [])
    sheet(alice, "mute").click()
    row(alice, said).locator(".o").click()
    sheet(alice, "reply").click()
    alice.page.keyboard.type("@an")
    expect(alice.page.locator("#names")).to_be_visible()
    assert found(alice) == ([], [], [])
    alice.page.keyboard.press("Escape")
    bubble(alice, said).locator("a").click()
    assert found(alice) == ([], [], [])
    alice.page.keyboard.press("Escape")
    row(alice, asked).locator(".o").click()
    assert found(alice) == ([], [], [])


def found(alice: BrowserVisitor) -> tuple[Any, Any, Any]:
    page = alice.page
    page.evaluate(SETTLE)
    return page.evaluate(SIDEWAYS), page.evaluate(SMALL, TOUCH_PX), complaints(page)
