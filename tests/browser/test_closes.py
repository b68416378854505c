"""What the page makes of sockets that end or never open, and of frames that are refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from neartalk.codes import CODES
from tests.browser.interceptor import Interceptor, await_sockets
from tests.browser.module_scripts import (
    SIGNALING,
    run,
)
from tests.browser.said_rows import SEND_ONCE
from tests.browser.visitor import await_pong, wait_until
from tests.support.client import elsewhere

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Invite
    from tests.browser.visitor import BrowserVisitor
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

FINAL = sorted({row.close for row in CODES.values() if row.close and not row.again})
# Of proxies, of browsers, of a server whose codes are not known yet, and of none.
NOT_OURS = (1000, 1001, 1005, 1007, 1008, 1009, 1011, 1012, 1013, 1014, 3000, 4000, 4400, 4412)
SIGNS = {
    "online": "dispatchEvent(new Event('online'))",
    "pageshow": "dispatchEvent(new PageTransitionEvent('pageshow'))",
    "focus": "dispatchEvent(new FocusEvent('focus'))",
    "visible": "document.dispatchEvent(new Event('visibilitychange'))",
    "tap": "document.body.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }))",
    "key": "document.body.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true }))",
}
# Keeps each state that the page shows. However long the test takes, the page is not taken for one
# that was not left after all.
NOTE_STATES = """() => {
  const { setTimeout } = window;
  window.setTimeout = (act, ms) => ms === 5000 ? 0 : setTimeout(act, ms);
  const status = document.getElementById('status');
  window.states = [];
  const note = () => window.states.push(status.dataset.state);
  new MutationObserver(note).observe(status, { attributeFilter: ['data-state'] });
}"""
# The first socket of each page never opens.
FIRST_HANGS = """
  const Real = window.WebSocket;
  window.hanging = [];
  window.WebSocket = class extends EventTarget {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSING = 2;
    static CLOSED = 3;
    readyState = 0;
    constructor(...all) {
      super();
      if (window.hanging.length) return new Real(...all);
      window.hanging.push(this);
    }
    close() {
      this.readyState = 3;
      const event = new CloseEvent('close', { code: 1006 });
      queueMicrotask(() => {
        this.dispatchEvent(event);
        this.onclose?.(event);
      });
    }
  };
"""


# ---- Closes --------------------------------------------------------------------------------------


def test_the_page_comes_back_after_every_close_that_is_not_final(
    alice: BrowserVisitor, wire: Interceptor
) -> None:
    for code in NOT_OURS:
        count = len(wire.sockets)  # an opening may have been begun anew
        wire.close(code)
        await_sockets(alice.page, wire, count + 1, f"a socket after {code}")
        alice.expect_here()
        await_pong(alice.page, wire.received)
    alice.send_text("Still here.")
    expect(alice.page.locator("#alerts .notice:not(#undo)")).to_have_count(0)


def test_calls_come_back_after_every_close_that_is_not_final(still: Page) -> None:
    still.evaluate(SIGNALING)
    run(
        still,
        """window.opened = 0;
        window.over = [];
        Math.random = () => 0;
        const { open, close } = await load('voice/calls/signaling');
        const Fake = window.WebSocket;
        window.WebSocket = class extends Fake {
          constructor(address) { super(address); window.opened += 1; }
        };
        const onFinalClose = (code) => window.over.push(code);
        window.join = () => open({ onOpen() {}, onLost() {}, onFrame() {}, onFinalClose });
        window.join();""",
    )
    for turn, code in enumerate((*NOT_OURS, 1006), 1):
        still.evaluate("(code) => window.signaling.onclose({ code })", code)
        still.clock.run_for(200)
        assert still.evaluate("[window.opened, window.over]") == [turn + 1, []], code
    opened = still.evaluate("window.opened")
    for turn, code in enumerate(FINAL, 1):
        still.evaluate("(code) => window.signaling.onclose({ code })", code)
        still.clock.run_for(200)
        assert still.evaluate("[window.opened, window.over.at(-1)]") == [opened + turn - 1, code]
        still.evaluate("window.join()")


def test_an_opening_that_hangs_is_begun_anew_when_the_device_is_back(still: Page) -> None:
    """On another network: the old one never answers."""
    still.evaluate(SIGNALING)
    run(
        still,
        """window.opened = 0;
        const { open } = await load('voice/calls/signaling');
        const Fake = window.WebSocket;
        window.WebSocket = class extends Fake {
          static CONNECTING = 0;
          readyState = 0;
          constructor(address) { super(address); window.opened += 1; }
        };
        open({ onOpen() {}, onLost() {}, onFrame() {}, onFinalClose() {} });""",
    )
    still.clock.run_for(1_000)
    still.evaluate(SIGNS["online"])
    assert still.evaluate("window.opened") == 1, "it has only begun"
    still.clock.run_for(2_500)
    still.evaluate(SIGNS["tap"])
    assert still.evaluate("window.opened") == 1, "a tap says nothing of the network"
    still.evaluate(SIGNS["online"])
    assert still.evaluate("window.opened") == 2


def test_the_very_first_opening_may_hang_too(server: Server, visit: Invite) -> None:
    alice = visit(server, elsewhere(), clock=True)
    alice.context.add_init_script(FIRST_HANGS)
    alice.page.goto(server.url)
    alice.page.get_by_role("button", name="See who is near").click()
    alice.page.wait_for_url("**/near")
    wait_until(alice.page, "() => window.hanging?.length === 1")
    alice.page.clock.run_for(4_000)
    alice.dispatch_online()
    wait_until(alice.page, "() => window.hanging[0].readyState === WebSocket.CLOSED")
    alice.page.clock.run_for(1_000)
    alice.expect_here()


def test_any_sign_of_life_tries_at_once_and_none_of_them_floods(still: Page) -> None:
    run(
        still,
        """const { Retry } = await load('server/retry');
        const { onSignOfLife } = await load('server/signs-of-life');
        Math.random = () => 0.999;
        window.tries = 0;
        const retry = new Retry(() => {
          window.tries += 1;
          retry.begin();
          retry.schedule();
        });
        retry.attempt = 5;
        retry.schedule();
        onSignOfLife(() => retry.hurry());""",
    )
    for turn, (name, sign) in enumerate(SIGNS.items(), 1):
        still.evaluate(sign)
        assert still.evaluate("window.tries") == turn, name
        still.clock.run_for(2_100)
    tries = still.evaluate("window.tries")
    for _ in range(100):
        still.evaluate(SIGNS["tap"])
        still.evaluate(SIGNS["key"])
        still.clock.run_for(100)
    assert 4 <= still.evaluate("window.tries") - tries <= 6, "one in two seconds"


def test_a_page_that_is_left_shows_no_alarm(alice: BrowserVisitor, wire: Interceptor) -> None:
    alice.page.evaluate(NOTE_STATES)
    alice.page.evaluate("dispatchEvent(new Event('beforeunload'))")
    wire.close(1001)
    await_sockets(alice.page, wire, 2, "that it comes back")
    seen = alice.page.evaluate("document.getElementById('status-count').textContent")
    assert seen == ""
    expect(alice.page.locator("#alerts .notice:not(#undo)")).to_have_count(0)
    alice.expect_status("Live")
    assert alice.page.evaluate("window.states") in ([], ["live"])


# ---- Sending -------------------------------------------------------------------------------------


def test_what_the_store_could_not_confirm_is_sent_again_under_the_same_ref(
    alice: BrowserVisitor, wire: Interceptor
) -> None:
    refused: list[str] = []

    def once(frame: str) -> str | None:
        found = re.search(r'"ref":"(\w+)"', frame)
        if not found or len(refused) == 3:
            return None
        refused.append(found[1])
        return (
            '<div id="refusal" hx-swap-oob="innerHTML"><p class="notice" role="alert"'
            f' data-code="store-unavailable" data-ref="{found[1]}"><span class="notice-words">'
            '<b>One moment.</b> <span class="why">It is tried again.</span></span></p></div>'
        )

    alice.page.evaluate(SEND_ONCE)
    wire.edit = once
    alice.send_text("Said once.")
    assert refused == [refused[0]] * 3
    assert sum(refused[0] in frame for frame in wire.sent) == 4
    expect(alice.page.locator("#refusal .notice")).to_have_count(0)
    await_pong(alice.page, wire.received)
    assert alice.texts() == ["Said once."]
