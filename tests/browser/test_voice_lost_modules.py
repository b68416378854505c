"""What is done while voice is lost goes once it can, on the page's wire with a played server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.voice_wire import ANA, BO, LOST, SETTLED_MS, come_back, peer

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


# ---- Calls ---------------------------------------------------------------------------------------


def test_a_call_that_is_ended_while_voice_is_lost_ends_at_once_and_stays_so(joined: Page) -> None:
    live = [peer(one, "live", instance="page", polite=False, direct=False) for one in (ANA, BO)]
    joined.evaluate(
        """(live) => {
        window.RTCPeerConnection = class {};
        Object.assign(room.mesh, { onStreamEnd() {}, onChange() {} });
        const list = { type: 'voice.peers', policy: 'relay', door: 'open', limit: 8 };
        window.listed = (peers) => window.receive({ ...list, unheard: [], count: 2, peers });
        window.calls = () => [...room.mesh.calls.keys()];
        listed(live);
      }""",
        live,
    )
    assert joined.evaluate("calls()") == [ANA, BO]
    joined.evaluate("signaling.onclose({ code: 1006 })")
    joined.evaluate("(id) => room.sendAct('decline', id)", ANA)
    assert joined.evaluate("calls()") == [BO]
    come_back(joined)
    joined.evaluate("(live) => listed(live)", live)
    assert joined.evaluate("calls()") == [BO]
    declined = "window.sent.filter(({ type }) => type === 'voice.decline').map(({ to }) => to)"
    assert joined.evaluate(declined) == [ANA]


def test_a_call_with_somebody_who_is_blocked_ends_also_while_voice_is_lost(joined: Page) -> None:
    live = [peer(one, "live", instance="page", polite=False, direct=False) for one in (ANA, BO)]
    joined.evaluate(
        """async ([live, blocked]) => {
        const { block } = await import('/static/js/people/blocks.js');
        window.RTCPeerConnection = class {};
        Object.assign(room.mesh, { onStreamEnd() {}, onChange() {} });
        const list = { type: 'voice.peers', policy: 'relay', door: 'open', limit: 8 };
        window.receive({ ...list, unheard: [], count: 2, peers: live });
        signaling.onclose({ code: 1006 });
        block([blocked]);
        room.endBlocked();
      }""",
        [live, ANA],
    )
    assert joined.evaluate("[...room.mesh.calls.keys()]") == [BO]


STATES = "window.sent.filter(({ type }) => type === 'voice.state').map(({ muted }) => muted)"
LIVE = """(live) => {
  window.RTCPeerConnection = class {};
  Object.assign(room.mesh, { onStreamEnd() {}, onChange() {} });
  const list = { type: 'voice.peers', policy: 'relay', door: 'open', limit: 8 };
  window.listed = () => window.receive({ ...list, unheard: [], count: 1, peers: [live] });
  listed();
}"""


def test_who_is_muted_while_voice_is_lost_or_refused_is_told_once_it_is_back(joined: Page) -> None:
    live = peer(ANA, "live", instance="page", polite=False, direct=False)
    joined.evaluate(LIVE, live)
    joined.clock.run_for(SETTLED_MS)
    assert joined.evaluate(STATES) == [False]
    joined.evaluate("refuse('not-joined')")
    joined.evaluate("room.setMuted(true)")
    joined.clock.run_for(SETTLED_MS)
    assert joined.evaluate(STATES) == [False], "nobody would be told"
    joined.evaluate("listed()")
    joined.clock.run_for(SETTLED_MS)
    assert joined.evaluate(STATES) == [False, True]
    # Once more also where it is the same: who was away meanwhile does not know it.
    joined.evaluate("refuse('not-joined')")
    joined.evaluate("listed()")
    joined.clock.run_for(SETTLED_MS)
    assert joined.evaluate(STATES) == [False, True, True]
    joined.evaluate("refuse('store-unavailable', 'voice-muted')")
    joined.clock.run_for(2000)
    assert joined.evaluate(STATES) == [False, True, True, True]


# ---- Questions and answers -----------------------------------------------------------------------

LISTED = """() => { window.listed = (peers) => window.receive({
  type: 'voice.peers', policy: 'relay', door: 'open', limit: 8, unheard: [], count: 2, peers,
}); }"""
ACTS = """window.sent.filter(({ to }) => to).map(({ type, to, ref }) => [type, to, to === ref])"""


@pytest.mark.parametrize(("verb", "state"), [("accept", "knocks"), ("knock", "near")])
@pytest.mark.parametrize("when", ["lost", "not known to be lost"])
def test_what_is_asked_or_answered_while_voice_is_lost_goes_once_it_is_back(
    joined: Page, verb: str, state: str, when: str
) -> None:
    joined.evaluate(LISTED)
    joined.evaluate("(peers) => listed(peers)", [peer(ANA, state)])
    if when == "lost":
        joined.evaluate(LOST)
    joined.evaluate("([verb, id]) => room.sendAct(verb, id)", [verb, ANA])
    if when != "lost":
        joined.evaluate(LOST)
    joined.evaluate("window.sent = []")
    come_back(joined)
    joined.evaluate("(peers) => listed(peers)", [peer(ANA, state)])
    assert joined.evaluate(ACTS) == [[f"voice.{verb}", ANA, True]]
    # What a list shows is not sent again.
    done = {"accept": "waiting", "knock": "knocked"}[verb]
    joined.evaluate("(peers) => listed(peers)", [peer(ANA, done)])
    joined.evaluate(LOST)
    joined.evaluate("window.sent = []")
    come_back(joined)
    joined.evaluate("(peers) => listed(peers)", [peer(ANA, state)])
    assert joined.evaluate(ACTS) == []


@pytest.mark.parametrize(
    ("verb", "before", "after", "why"),
    [
        ("accept", "knocks", "near", "gone"),
        ("accept", "knocks", None, "absent"),
        ("knock", "near", None, "absent"),
        ("knock", "near", "declined", "declined"),
    ],
)
def test_what_cannot_be_any_more_once_voice_is_back_is_said(
    joined: Page, verb: str, before: str, after: str | None, why: str
) -> None:
    joined.evaluate(LISTED)
    joined.evaluate("(peers) => listed(peers)", [peer(ANA, before)])
    joined.evaluate(LOST)
    joined.evaluate("([verb, id]) => room.sendAct(verb, id)", [verb, ANA])
    joined.evaluate("window.sent = []")
    come_back(joined)
    joined.evaluate("(peers) => listed(peers)", [peer(ANA, after, retry_after=60)] if after else [])
    assert joined.evaluate("window.unmet") == [[why, "P0"]]
    assert joined.evaluate(ACTS) == []


def test_who_takes_back_what_they_asked_while_voice_was_lost_asks_nobody(joined: Page) -> None:
    joined.evaluate(LISTED)
    joined.evaluate("(peers) => listed(peers)", [peer(ANA)])
    joined.evaluate(LOST)
    for verb in ("knock", "decline"):
        joined.evaluate("([verb, id]) => room.sendAct(verb, id)", [verb, ANA])
    joined.evaluate("window.sent = []")
    come_back(joined)
    joined.evaluate("(peers) => listed(peers)", [peer(ANA)])
    assert joined.evaluate(ACTS) == []


def test_an_answer_that_the_store_did_not_take_goes_again_and_one_too_late_is_said(
    joined: Page,
) -> None:
    joined.evaluate(LISTED)
    joined.evaluate("(peers) => listed(peers)", [peer(ANA, "knocks")])
    joined.evaluate("(id) => room.sendAct('accept', id)", ANA)
    joined.evaluate("window.sent = []")
    joined.evaluate("(id) => refuse('store-unavailable', id)", ANA)
    joined.clock.run_for(3000)
    assert joined.evaluate(ACTS) == [["voice.accept", ANA, True]]
    joined.evaluate("(id) => refuse('not-agreed', id)", ANA)
    assert joined.evaluate("window.unmet") == [["gone", "P0"]]
    assert joined.evaluate("facts.acts.size") == 0
