"""A long conversation costs a page what a short one does: counted, never timed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.support.client import elsewhere
from tests.support.waiting import until

if TYPE_CHECKING:
    from tests.browser.conftest import Invite
    from tests.browser.visitor import BrowserVisitor
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

SHORT, LONG = 40, 300
# Messages of two lines, as the socket would send them, the newest of them now.
SAY = """async (count) => {
  const { addMessages } = await import('/static/js/chat/messages.js');
  const { serverNow } = await import('/static/js/server/clock.js');
  const words = 'Driver says there is a car on the tracks. Walking is faster, mind the cables.';
  const rows = Array.from({ length: count }, (_, turn) => {
    const at = Math.floor(serverNow()) - (count - turn) * 1000;
    const row = document.createElement('template');
    row.innerHTML = `<li class="p1" id="m-${at}-0.${String(turn).padStart(8, '0')}"
      data-person="${String(turn % 7).repeat(16)}" data-m="300"><bdi>Ana</bdi><i>abc</i>
      <p></p></li>`;
    row.content.querySelector('p').textContent = `${turn} ${words}`;
    return row.content.firstElementChild;
  });
  addMessages(rows);
}"""
# Counts what asks the browser where something is.
COUNT_READS = """() => {
  window.reads = 0;
  const count = (prototype, name) => {
    const { get, value, ...rest } = Object.getOwnPropertyDescriptor(prototype, name);
    const counted = function (...all) {
      window.reads += 1;
      return (get ?? value).apply(this, all);
    };
    const { set, configurable } = rest;
    const now = get ? { get: counted, set, configurable } : { value: counted, configurable };
    Object.defineProperty(prototype, name, now);
  };
  for (const name of ['getBoundingClientRect', 'getClientRects', 'checkVisibility'])
    count(Element.prototype, name);
  for (const name of ['scrollTop', 'scrollHeight', 'clientHeight']) count(Element.prototype, name);
  for (const name of ['offsetHeight', 'offsetTop']) count(HTMLElement.prototype, name);
}"""
HEIGHTS = """() => [...document.querySelectorAll('#messages > li')]
  .map((row) => row.getBoundingClientRect().height)"""
UNSKIPPED = """(skipped) => document.getElementById('messages').querySelectorAll('li').forEach(
  (row) => row.style.setProperty('content-visibility', skipped ? '' : 'visible'))"""


def reader(server: Server, visit: Invite, said: int) -> BrowserVisitor:
    """Somebody who is shown so many messages, each of which has been drawn."""
    alice = visit(server, elsewhere(), clock=True, viewport={"width": 360, "height": 740}).arrive()
    alice.stop_time()
    alice.page.evaluate(SAY, said)
    expect(alice.messages).to_have_count(said)
    alice.page.clock.run_for(200)
    return alice


def test_what_comes_while_you_read_back_asks_for_a_few_places_however_much_was_said(
    server: Server, visit: Invite
) -> None:
    counts = {}
    for said in (SHORT, LONG):
        page = reader(server, visit, said).page
        page.locator("#scroller").evaluate("(one) => { one.scrollTop = one.scrollHeight / 2; }")
        expect(page.locator("#more")).to_be_hidden()
        page.evaluate(COUNT_READS)
        page.evaluate(SAY, 1)
        expect(page.locator("#more")).to_have_text("1 new message")
        counts[said] = page.evaluate("window.reads")
    assert counts[SHORT] > 0
    assert counts[LONG] < counts[SHORT] + 10, counts


def test_when_all_grow_a_minute_older_nothing_within_far_rows_is_styled(
    server: Server, visit: Invite
) -> None:
    counts = {}
    for said in (SHORT, LONG):
        alice = reader(server, visit, said)
        counts[said] = styled(alice)
    # The row itself, and nothing in it: near ones are three to four elements.
    assert counts[LONG] - counts[SHORT] < 1.5 * (LONG - SHORT), counts


def test_a_row_is_as_high_while_it_is_skipped_as_it_is_when_it_is_drawn(
    server: Server, visit: Invite
) -> None:
    alice = reader(server, visit, LONG)
    for width in (360, 600):
        alice.page.set_viewport_size({"width": width, "height": 740})
        alice.page.evaluate(
            "() => new Promise((done) => new ResizeObserver(done).observe(document.body))"
        )
        alice.page.clock.run_for(200)
        assert alice.page.locator("#messages > .measured").count() > LONG // 2
        heights = alice.page.evaluate(HEIGHTS)
        alice.page.evaluate(UNSKIPPED, False)
        assert alice.page.evaluate(HEIGHTS) == heights
        alice.page.evaluate(UNSKIPPED, True)


def styled(alice: BrowserVisitor) -> int:
    """How many elements Chromium styles anew in a minute in which nothing is said."""
    devtools = alice.context.new_cdp_session(alice.page)
    events: list[dict[str, Any]] = []
    ended: list[dict[str, Any]] = []
    devtools.on("Tracing.dataCollected", lambda found: events.extend(found["value"]))
    devtools.on("Tracing.tracingComplete", lambda found: ended.extend([found]))
    config = {"includedCategories": ["devtools.timeline"]}
    devtools.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": config})
    alice.pass_time(60_000)
    alice.page.evaluate("() => document.body.getBoundingClientRect()")
    devtools.send("Tracing.end")
    until(lambda: ended, "the end of the trace", pause=lambda: alice.page.wait_for_timeout(20))
    styles = [one["args"] for one in events if one["name"] == "UpdateLayoutTree"]
    return sum(one.get("elementCount", 0) for one in styles)
