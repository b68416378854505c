"""Voice in real browsers: two server processes that share a Redis, and a relay."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import through
from tests.client import elsewhere, north, running
from tests.servers import Valkey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator

    from tests.browser.conftest import Speak
    from tests.browser.visitor import Visitor
    from tests.servers import Server
    from tests.turn import Turn

pytestmark = pytest.mark.browser

# Bytes heard and said, and the kinds of both ends of every way.
LOOK = """async () => {
  const found = { heard: 0, said: 0, ends: [] };
  for (const call of window.calls) {
    for (const one of (await call.getStats()).values()) {
      if (one.type === 'inbound-rtp') found.heard += one.bytesReceived;
      if (one.type === 'outbound-rtp') found.said += one.bytesSent;
      if (one.type.endsWith('-candidate')) found.ends.push(one.candidateType);
    }
  }
  return found;
}"""
# Looks until more was heard: a promise, for the page's policy forbids to evaluate twice.
MORE = """async (heard) => {
  for (;;) {
    let bytes = 0;
    for (const call of window.calls) {
      for (const one of (await call.getStats()).values()) {
        if (one.type === 'inbound-rtp') bytes += one.bytesReceived;
      }
    }
    if (bytes > heard) return;
    await new Promise((done) => setTimeout(done, 50));
  }
}"""


@pytest.fixture
def servers(relay: Turn) -> Iterator[tuple[Server, Server]]:
    with ExitStack() as stack:
        redis = Valkey()
        stack.callback(redis.close)
        env = {"REDIS_URL": redis.start().url, **through(relay)}
        yield (
            stack.enter_context(running("uvicorn", **env)),
            stack.enter_context(running("uvicorn", **env)),
        )


WIDE: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}


def test_two_hear_each_other_through_the_relay_and_a_third_far_away_is_never_offered(
    servers: tuple[Server, Server], speak: Speak
) -> None:
    spot = elsewhere()
    alice = speak(servers[0], spot, **WIDE)
    bob = speak(servers[1], north(spot, 2), **WIDE)
    carol = speak(servers[1], north(spot, 20), **WIDE)
    connect(alice, bob)
    for one, other in ((alice, bob), (bob, alice)):
        hears_more(one)
        found = one.page.evaluate(LOOK)
        assert found["said"] > 0
        assert {*found["ends"]} == {"relay"}
        # The page's own ear: what arrives is no silence.
        expect(tile(one, other)).to_contain_text("Speaking")
        expect(one.page.locator("#voice-heard")).to_have_text(f"Heard by {other.name}.")
    expect(carol.page.locator(".tile")).to_have_count(0)
    assert carol.page.evaluate("window.calls.length") == 0


def test_after_the_relay_died_the_call_is_back_and_still_muted(
    servers: tuple[Server, Server], speak: Speak, relay: Turn
) -> None:
    spot = elsewhere()
    alice = speak(servers[0], spot, **WIDE)
    bob = speak(servers[1], north(spot, 2), **WIDE)
    connect(alice, bob)
    hears_more(alice)
    bob.page.locator("#voice-mute").click()
    expect(tile(alice, bob)).to_contain_text("Muted")
    relay.kill()
    expect(tile(bob, alice)).to_have_attribute("data-state", "reconnecting")
    relay.start()
    expect(tile(bob, alice)).to_have_attribute("data-state", "live")
    expect(tile(alice, bob)).to_have_attribute("data-state", "live")
    hears_more(bob)
    expect(bob.page.locator("#voice-mute")).to_have_attribute("aria-pressed", "true")
    expect(tile(alice, bob)).to_contain_text("Muted")


def test_in_a_line_of_four_each_panel_says_exactly_who_hears_them(
    servers: tuple[Server, Server], speak: Speak
) -> None:
    spot = elsewhere()
    # Reaches of 200 m: three cells further north is 459 m and out of reach, two are 306 m.
    line = [speak(servers[turn % 2], north(spot, 2 * turn), stop=2, **WIDE) for turn in range(4)]
    for one, other in pairwise(line):
        connect(one, other)
    for turn, one in enumerate(line):
        hears = [at for at in (turn - 1, turn + 1) if 0 <= at < 4]
        apart = [at for at in (turn - 2, turn + 2) if 0 <= at < 4]
        words = one.page.locator("#voice-heard")
        expect(words).to_contain_text("Heard by")
        heard, _, unheard = words.inner_text().partition("; not ")
        for at, other in enumerate(line):
            assert (other.name in heard) is (at in hears)
            assert (other.name in unheard) is (at in apart)
        reasons = one.page.locator("#voice-reasons")
        for at in apart:
            expect(reasons).to_contain_text(f"{line[at].name} talks with")


def tile(one: Visitor, other: Visitor) -> Locator:
    person_id = other.page.locator("#self").get_attribute("data-person")
    return one.page.locator(f'.tile[data-person="{person_id}"]')


def connect(one: Visitor, other: Visitor) -> None:
    """One knocks, the other says yes, and they hear each other."""
    tile(one, other).get_by_role("button", name="Knock").click()
    tile(other, one).get_by_role("button", name="Let in").click()
    for first, second in ((one, other), (other, one)):
        expect(tile(first, second)).to_have_attribute("data-state", "live")


def hears_more(one: Visitor) -> None:
    """Returns once more was heard than until now."""
    one.page.evaluate(MORE, one.page.evaluate(LOOK)["heard"])
