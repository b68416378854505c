"""A long conversation costs a page what a short one does: counted, never timed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility_tree import heard
from tests.support.client import elsewhere
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

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
# Whether the page, once it knows of the scroll, leaves it so: it follows the end where that moved.
READ_BACK = """async () => {
  const scroller = document.getElementById('scroller');
  await new Promise((done) => {
    scroller.addEventListener('scroll', done, { once: true });
    scroller.scrollTop = scroller.scrollHeight / 2;
  });
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight > 100;
}"""
# Counts what asks the browser where something is, and what looks for a part of a row.
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
  const elements = ['getBoundingClientRect', 'getClientRects', 'checkVisibility', 'querySelector'];
  elements.push('scrollTop', 'scrollHeight', 'clientHeight');
  for (const name of elements) count(Element.prototype, name);
  for (const name of ['offsetHeight', 'offsetTop']) count(HTMLElement.prototype, name);
}"""


def reader(server: Server, visit: Invite, said: int) -> BrowserVisitor:
    """Somebody who is shown so many messages."""
    alice = visit(server, elsewhere(), clock=True, viewport={"width": 360, "height": 740}).arrive()
    alice.stop_time()
    alice.page.evaluate(SAY, said)
    expect(alice.messages).to_have_count(said)
    alice.page.clock.run_for(200)
    return alice


def test_what_comes_while_you_read_back_looks_at_a_few_rows_however_much_was_said(
    server: Server, visit: Invite
) -> None:
    counts = {}
    for said in (SHORT, LONG):
        alice = reader(server, visit, said)
        page = alice.page
        until(partial(page.evaluate, READ_BACK), "somebody who reads back")
        page.evaluate(COUNT_READS)
        await_tick(alice, said)
        page.evaluate(SAY, 1)
        expect(page.locator("#more")).to_have_text("1 new message")
        page.clock.run_for(1000)  # what is left for later is work too
        counts[said] = page.evaluate("window.reads")
    assert counts[SHORT] > 0
    assert counts[LONG] < counts[SHORT] + 10, counts


def test_a_message_that_comes_makes_as_much_anew_however_much_was_said(
    server: Server, visit: Invite
) -> None:
    counts = {}
    for said in (SHORT, LONG):
        alice = reader(server, visit, said)
        styled, placed = made_anew(alice, partial(alice.page.evaluate, SAY, 1))
        assert styled > 0
        assert placed > 0
        counts[said] = styled + placed
    assert counts[LONG] < counts[SHORT] + 40, counts


def test_far_rows_are_read_out_too_and_do_not_change_as_they_grow_older(
    server: Server, visit: Invite
) -> None:
    alice = reader(server, visit, LONG)
    devtools = alice.context.new_cdp_session(alice.page)
    before = heard(devtools)
    words = [one for one in before if one.startswith("StaticText ") and "Driver says" in one]
    assert len(words) == LONG
    alice.pass_time(5 * 60_000)
    assert heard(devtools) == before


def await_tick(alice: BrowserVisitor, said: int) -> None:
    """Returns once the page has looked at the age of each row, as it does every ten seconds: where
    in them it stopped depends on how long it took to arrive."""

    def ticks() -> bool:
        alice.page.evaluate("window.reads = 0")
        alice.pass_time(1000)
        return int(alice.page.evaluate("window.reads")) >= said

    until(ticks, "a look at all ages", pause=lambda: None)
    alice.page.evaluate("window.reads = 0")


def made_anew(alice: BrowserVisitor, act: Callable[[], object]) -> tuple[int, int]:
    """How many elements Chromium styles and how many boxes it places anew because of that."""
    devtools = alice.context.new_cdp_session(alice.page)
    events: list[dict[str, Any]] = []
    ended: list[dict[str, Any]] = []
    devtools.on("Tracing.dataCollected", lambda found: events.extend(found["value"]))
    devtools.on("Tracing.tracingComplete", lambda found: ended.extend([found]))
    config = {"includedCategories": ["devtools.timeline"]}
    devtools.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": config})
    act()
    alice.page.evaluate("() => document.body.getBoundingClientRect()")
    devtools.send("Tracing.end")
    until(lambda: ended, "the end of the trace", pause=lambda: alice.page.wait_for_timeout(20))
    styles = [one["args"] for one in events if one["name"] == "UpdateLayoutTree"]
    layouts = [one["args"].get("beginData", {}) for one in events if one["name"] == "Layout"]
    styled = sum(one.get("elementCount", 0) for one in styles)
    return styled, sum(one.get("dirtyObjects", 0) for one in layouts)
