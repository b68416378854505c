"""Voice in real browsers: two server processes that share a Redis, and a relay."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from anyio.from_thread import start_blocking_portal
from playwright.sync_api import expect

from tests.browser.calls import SOUND, WIDE, call_stats, connect, expect_sound, id_of, tile, tile_of
from tests.browser.conftest import through
from tests.browser.visitor import wait_until
from tests.support.client import elsewhere, north
from tests.support.deployments import voice_servers
from tests.support.waiting import until
from tests.voice.aiortc_peer import aiortc_peer
from voice.mesh import is_polite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.conftest import Invite, VisitVoice
    from tests.browser.visitor import BrowserVisitor
    from tests.support.client import Spot
    from tests.support.servers import Server
    from tests.support.turn import Turn

pytestmark = pytest.mark.browser

UFRAG = "/ice-ufrag:(.*)/.exec(window.calls[0].remoteDescription.sdp)[1]"


@pytest.fixture
def servers(relay: Turn) -> Iterator[tuple[Server, Server]]:
    with voice_servers(**through(relay)) as (_, first, second):
        yield first, second


# What the page's own ear takes for speech; a beep of Chromium's microphone is far above it.
SPEAKING_DB = -44


def test_two_hear_each_other_through_the_relay_and_a_third_far_away_is_never_offered(
    servers: tuple[Server, Server], visit_voice: VisitVoice
) -> None:
    spot = elsewhere()
    alice = visit_voice(servers[0], spot, **WIDE)
    bob = visit_voice(servers[1], north(spot, 2), **WIDE)
    carol = visit_voice(servers[1], north(spot, 20), **WIDE)
    connect(alice, bob)
    for one, other in ((alice, bob), (bob, alice)):
        # The page's own ear, before the test lends it one.
        expect(tile(one, other)).to_contain_text("Speaking")
        expect_sound(one)
        assert {*call_stats(one)["candidateTypes"]} == {"relay"}
        assert call_stats(other)["sentBytes"] > 0
        assert call_stats(other)["sentEnergy"] > SOUND
        expect(one.page.locator("#voice-heard")).to_have_text(f"Heard by {other.name}.")
    expect(carol.page.locator(".tile")).to_have_count(0)
    assert carol.page.evaluate("window.calls.length") == 0


def test_after_the_relay_died_the_call_is_back_and_still_muted(
    servers: tuple[Server, Server], visit_voice: VisitVoice, relay: Turn
) -> None:
    spot = elsewhere()
    alice = visit_voice(servers[0], spot, **WIDE)
    bob = visit_voice(servers[1], north(spot, 2), **WIDE)
    connect(alice, bob)
    expect_sound(alice)
    bob.page.locator("#voice-mute").click()
    expect(tile(alice, bob)).to_contain_text("Muted")
    relay.kill()
    expect(tile(bob, alice)).to_have_attribute("data-state", "reconnecting")
    relay.start()
    expect(tile(bob, alice)).to_have_attribute("data-state", "live")
    expect(tile(alice, bob)).to_have_attribute("data-state", "live")
    expect_sound(bob)
    expect(bob.page.locator("#voice-mute")).to_have_attribute("aria-pressed", "true")
    expect(tile(alice, bob)).to_contain_text("Muted")


def test_in_a_line_of_four_each_panel_says_exactly_who_hears_them(
    servers: tuple[Server, Server], visit_voice: VisitVoice
) -> None:
    spot = elsewhere()
    # Reaches of 200 m: three cells further north is 459 m and out of reach, two are 306 m.
    line = [
        visit_voice(servers[turn % 2], north(spot, 2 * turn), stop=2, **WIDE) for turn in range(4)
    ]
    for one, other in pairwise(line):
        connect(one, other)
    for turn, one in enumerate(line):
        hears = [at for at in (turn - 1, turn + 1) if 0 <= at < 4]
        apart = [at for at in (turn - 2, turn + 2) if 0 <= at < 4]
        words = one.page.locator("#voice-heard")
        expect(words).to_contain_text("Heard by")
        # Of a call of two others the server tells later than these see it themselves.
        reasons = one.page.locator("#voice-reasons")
        for at in apart:
            expect(reasons).to_contain_text(f"{line[at].name} talks with")
        heard, _, unheard = words.inner_text().partition("; not ")
        for at, other in enumerate(line):
            assert (other.name in heard) is (at in hears)
            assert (other.name in unheard) is (at in apart)


def amid(server: Server, visit: Invite, spot: Spot) -> BrowserVisitor:
    """Somebody who may use a microphone, with enough person_ids on either side of theirs: to be
    polite or not goes by their order, and of some there are hardly any below or above."""

    def come() -> BrowserVisitor | None:
        one = visit(server, spot, permissions=["geolocation", "microphone"], **WIDE).arrive()
        return one if "3" <= id_of(one)[0] < "d" else None

    return until(come, "a person_id with others on either side")


@pytest.mark.parametrize("polite", [True, False])
def test_a_peer_that_is_no_browser_hears_and_is_heard_also_after_ice_began_anew(
    relayed: Server, visit: Invite, polite: bool
) -> None:
    spot = elsewhere()
    alice = amid(relayed, visit, spot)
    alice.join_voice()
    expect(alice.page.locator("#voice")).to_have_attribute("data-phase", "in")
    other = id_of(alice)
    coming = aiortc_peer(
        relayed, north(spot, 2), "Bob", lambda own: is_polite(own, other) is polite
    )
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(coming) as bob:
        row = tile_of(alice, bob.person_id)
        row.locator('[data-act="knock"]').click()
        expect(row).to_contain_text("Speaking")
        portal.call(bob.expect_sound, SPEAKING_DB)
        expect_sound(alice)
        assert {*call_stats(alice)["candidateTypes"]} == {"relay"}
        before = alice.page.evaluate(UFRAG)
        alice.dispatch_online()
        wait_until(alice.page, f"(before) => {UFRAG} !== before", before)
        portal.call(bob.expect_sound, SPEAKING_DB)
        expect_sound(alice)
