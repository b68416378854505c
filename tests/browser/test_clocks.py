"""A clock of the device that is set, or stood still in sleep, moves nothing that lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.interceptor import Interceptor, await_sockets
from tests.browser.module_scripts import (
    run,
)
from tests.browser.visitor import await_pong

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.visitor import BrowserVisitor

pytestmark = pytest.mark.browser

HOUR_MS = 3_600_000
# The page's Date alone, as when the clock of the device is set.
SET_CLOCK = """(by) => {
  window.dateNow ??= Date.now;
  Date.now = () => window.dateNow() + by;
}"""


@pytest.mark.parametrize("by", [-HOUR_MS, 0, HOUR_MS])
def test_a_dead_socket_is_noticed_whatever_the_clock_of_the_device_is_set_to(
    still: Page, by: int
) -> None:
    run(
        still,
        """const { Heartbeat } = await load('server/heartbeat');
        Object.assign(window, { pings: 0, deaths: 0 });
        const heartbeat = new Heartbeat({
          quietMs: 20_000, deadMs: 25_000, probeMs: 5_000,
          ping: () => Boolean((window.pings += 1)),
          onDead: () => {
            window.deaths += 1;
            heartbeat.stop();
          },
        });
        heartbeat.start();""",
    )
    still.clock.run_for(5_000)
    still.evaluate(SET_CLOCK, by)
    still.clock.run_for(14_000)
    assert still.evaluate("[window.pings, window.deaths]") == [0, 0]
    still.clock.run_for(3_000)
    assert still.evaluate("[window.pings, window.deaths]") == [1, 0]
    still.clock.run_for(5_000)
    assert still.evaluate("[window.pings, window.deaths]") == [1, 1]


@pytest.mark.parametrize("by", [-HOUR_MS, HOUR_MS])
def test_a_device_clock_that_is_set_moves_neither_the_servers_time_nor_what_lasts(
    still: Page, by: int
) -> None:
    found = run(
        still,
        """const clock = await load('server/clock');
        const { facts, applyPeers } = await load('voice/calls/facts');
        window.clock = clock;
        window.jumps = [];
        clock.onJump((ms) => {
          window.jumps.push(ms);
          clock.setServerTime(window.server + performance.now() - window.saidAt); // its welcome
        });
        window.server = 1_800_000_000_000;
        window.saidAt = performance.now();
        clock.setServerTime(window.server);
        applyPeers({ peers: [{ person_id: 'a', state: 'declined', retry_after: 600 }] });
        window.left = () => facts.until.get('a') - clock.now();
        window.from = clock.moment();
        return [clock.isSynced(), window.left()];""",
    )
    assert found == [True, 600_000]
    still.evaluate(SET_CLOCK, by)
    still.clock.run_for(60_000)
    passed = "window.clock.serverNow() - window.server"
    assert still.evaluate(passed) == pytest.approx(60_000, abs=100)
    assert still.evaluate("window.left()") == pytest.approx(540_000, abs=100)
    assert still.evaluate("window.jumps") == [pytest.approx(by, abs=100)]
    assert still.evaluate("window.clock.since(window.from)") >= 60_000


def test_a_device_that_slept_offline_removes_what_has_expired_meanwhile(still: Page) -> None:
    """The steady clock of some browsers stands still in sleep: Date alone has moved on."""
    run(
        still,
        """window.clock = await load('server/clock');
        window.clock.setServerTime(1_800_000_000_000);""",
    )
    still.evaluate(SET_CLOCK, HOUR_MS)
    still.clock.run_for(12_000)
    passed = still.evaluate("window.clock.serverNow() - 1_800_000_000_000")
    assert passed == pytest.approx(HOUR_MS + 12_000, abs=2_000)
    still.evaluate("window.clock.setServerTime(1_800_000_012_000)")
    still.clock.run_for(12_000)
    passed = still.evaluate("window.clock.serverNow() - 1_800_000_000_000")
    assert passed == pytest.approx(24_000, abs=100), "the server knows better"


def test_messages_stay_for_their_time_whatever_the_clock_of_the_device_is_set_to(
    alice: BrowserVisitor, wire: Interceptor
) -> None:
    alice.send_text("Half an hour, no more.")
    for turn, by in enumerate((HOUR_MS, -HOUR_MS), 2):
        alice.page.evaluate(SET_CLOCK, by)
        await_sockets(alice.page, wire, turn, "a new welcome")
        alice.expect_here()
        await_pong(alice.page, wire.received)
        expect(alice.message("Half an hour, no more.")).to_be_visible()
        alice.send_text(f"By a clock that is off by {by} ms.")
        row = alice.message("By a clock").last
        expect(row).to_have_attribute("data-age", "0")
        expect(row.locator("time")).to_have_attribute("data-ago", "now")
