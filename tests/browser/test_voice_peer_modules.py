"""A call on a page that is behind: what comes late, or twice, is done once, and not retried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.module_scripts import run

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

SOME = """const some = async (list, kind) => {
  const end = performance.now() + 60_000;
  while (!list.some(([type]) => type === kind)) {
    await new Promise((done) => setTimeout(done, 10));
    if (performance.now() > end) throw new Error(`no ${kind} within a minute`);
  }
  return list.find(([type]) => type === kind)[1];
};
"""
# Two ends of a call. What `far` sends is kept in `theirs`, and `near` has what the test gives it.
# No timer of theirs retries: on a slow machine that would be an offer more.
ENDS = """const { Peer } = await load('voice/calls/peer');
const sent = { near: [], theirs: [] };
const end = (polite, into) => new Peer({
  polite, direct: true, track: null, servers: async () => [],
  send: (type, body) => into.push([type.replace('voice.', ''), body]), onStream() {}, onChange() {},
});
const near = end(true, sent.near);
const far = end(false, sent.theirs);
for (const { monitor } of [near, far]) monitor.scheduleRetry = () => {};
await near.queue;
const negotiated = [];
const set = near.pc.setRemoteDescription.bind(near.pc);
near.pc.setRemoteDescription = (description) => {
  negotiated.push(description.sdp);
  return set(description);
};
const { sdp: offer } = await some(sent.theirs, 'offer');
const answers = () => sent.near.filter(([type]) => type === 'answer').length;
const close = () => [near, far].forEach((one) => one.close());
"""


def test_an_offer_that_comes_again_is_answered_again_and_negotiated_once(page: Page) -> None:
    found = run(
        page,
        SOME
        + ENDS
        + """near.receive('offer', offer);
        await near.queue;
        const candidate = 'a=candidate:1 1 udp 2122260223 127.0.0.1 9 typ host\\r\\n';
        near.receive('offer', offer + candidate);
        await near.queue;
        near.receive('offer', 'nothing');
        await near.queue;
        close();
        return [answers(), negotiated.length];""",
    )
    assert found == [2, 2]


def test_an_answer_goes_out_again_whatever_a_candidate_beside_the_copy_is(page: Page) -> None:
    found = run(
        page,
        SOME
        + ENDS
        + """near.receive('offer', offer);
        await near.queue;
        near.receive('offer', offer + 'a=candidate:nonsense\\r\\n');
        await near.queue;
        close();
        return [answers(), negotiated.length];""",
    )
    assert found == [2, 1]


def test_of_offers_that_wait_the_newest_is_answered(page: Page) -> None:
    found = run(
        page,
        SOME
        + ENDS
        + """for (const turn of [1, 2, 3]) near.receive('offer', `${offer}a=x:${turn}\\r\\n`);
        near.receive('offer', offer);
        await near.queue;
        close();
        return [answers(), negotiated.length, negotiated[0] === offer];""",
    )
    assert found == [1, 1, True]


def test_nothing_is_retried_while_what_they_sent_waits(page: Page) -> None:
    found = run(
        page,
        SOME
        + ENDS
        + """let go;
        near.queue = new Promise((done) => (go = done));
        near.receive('offer', offer);
        await near.monitor.retry();
        const held = near.monitor.tries;
        go();
        await near.queue;
        await near.monitor.retry();
        close();
        return [held, near.monitor.tries];""",
    )
    assert found == [0, 1]


def test_a_copy_is_known_though_this_browser_writes_the_origin_of_theirs_in_its_own_way(
    page: Page,
) -> None:
    found = run(
        page,
        SOME
        + ENDS
        + """const origin = /^o=\\S+ (\\d+ \\d+) .*$/m;
        const theirs = offer.replace(origin, 'o=mozilla...THIS_IS_SDPARTA-142.0 $1 IN IP4 0.0.0.0');
        for (const turn of [1, 2]) {
          near.receive('offer', theirs);
          await near.queue;
        }
        const once = [answers(), negotiated.length];
        near.receive('offer', offer.replace(/^(o=\\S+ \\d+) \\d+/m, '$1 9'));
        await near.queue;
        close();
        return [once, answers(), negotiated.length];""",
    )
    assert found == [[2, 1], 3, 2]


def test_a_retry_while_the_connection_is_not_made_yet_waits_for_it(page: Page) -> None:
    found = run(
        page,
        SOME
        + ENDS
        + """let go;
        const slow = new Promise((done) => (go = done));
        const late = new Peer({
          polite: true, direct: true, track: null, servers: () => slow.then(() => []),
          send() {}, onStream() {}, onChange() {},
        });
        late.receive('offer', offer);
        await late.monitor.retry();
        const held = [late.pc, late.monitor.timer > 0];
        go();
        await late.queue;
        late.close();
        close();
        return [...held, late.pc.remoteDescription?.type];""",
    )
    assert found == [None, True, "offer"]
