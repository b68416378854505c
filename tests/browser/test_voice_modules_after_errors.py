"""The page's modules of voice after something went wrong, and what they remember, which has an
end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.module_scripts import (
    ICE,
    SERVERS,
    SIGNALING,
    WELCOME,
    run,
)
from tests.browser.visitor import stop_clock

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.support.servers import Server

pytestmark = pytest.mark.browser


def test_ice_servers_are_renewed_after_a_listener_has_thrown(
    browser: Browser, server: Server
) -> None:
    page = browser.new_page()
    page.clock.install()
    page.goto(f"{server.url}/")
    stop_clock(page)
    page.evaluate(ICE, SERVERS)
    page.evaluate(WELCOME)
    run(
        page,
        """const { startRenewing } = await load('voice/calls/ice');
        window.renewed = 0;
        startRenewing(() => {
          window.renewed += 1;
          throw new Error('listener');
        });""",
    )
    for times in (1, 2, 3):
        page.clock.run_for(10_000)
        page.wait_for_function("(times) => window.renewed === times", arg=times)
    page.close()


def test_ice_servers_are_not_renewed_after_voice_was_left(browser: Browser, server: Server) -> None:
    page = browser.new_page()
    page.clock.install()
    page.goto(f"{server.url}/")
    page.evaluate(SIGNALING)
    page.evaluate(ICE, SERVERS)
    page.evaluate(WELCOME)
    run(
        page,
        """const room = await load('voice/calls/room');
        const { iceServers } = await load('voice/calls/ice');
        room.join('relay', { onChange() {} });
        room.leave();
        await iceServers();""",
    )
    page.clock.run_for(60_000)
    assert page.evaluate("window.asked") == 1
    page.close()


def test_what_is_known_of_people_goes_when_they_leave_voice(arrival: Page) -> None:
    arrival.evaluate(SIGNALING)
    arrival.evaluate(ICE, None)
    found = run(
        arrival,
        """const { facts } = await load('voice/calls/facts');
        const { join, sendAct } = await load('voice/calls/room');
        const peers = (...ids) => window.receive({
          type: 'voice.peers', policy: 'relay', unheard: [], count: ids.length, limit: 8,
          peers: ids.map((id) => ({ person_id: id, state: 'declined', retry_after: 600 })),
        });
        const sizes = () => [facts.muted.size, facts.until.size, facts.declinedByMe.size];
        join('relay', { onChange() {} });
        const found = [];
        for (let turn = 0; turn < 100; turn += 1) {
          peers('stays', `goes-${turn}`);
          for (const from of ['stays', `goes-${turn}`]) {
            window.receive({ type: 'voice.state', from, muted: true });
            sendAct('decline', from);
          }
          found.push(sizes());
        }
        peers('stays');
        return [found.at(-1), sizes(), facts.muted.get('stays')];""",
    )
    assert found == [[2, 2, 2], [1, 1, 1], True]


def test_colours_are_remembered_of_no_more_than_a_thousand_people(arrival: Page) -> None:
    found = run(
        arrival,
        """const { person } = await load('voice/panel/appearance');
        const { encode } = TextEncoder.prototype;
        let digests = 0;
        TextEncoder.prototype.encode = function (text) {
          digests += 1;
          return encode.call(this, text);
        };
        const computed = (id) => {
          const before = digests;
          person({ person_id: String(id), username: 'Ana' });
          return digests > before;
        };
        const first = [computed(0), computed(0)];
        for (let id = 1; id <= 1000; id += 1) computed(id);
        return [first, computed(1000), computed(0)];""",
    )
    assert found == [[True, False], False, True]


def test_volumes_are_kept_of_the_last_two_hundred_people(arrival: Page) -> None:
    found = run(
        arrival,
        """const { saved, setVolume, volumeOf } = await load('voice/session-state');
        for (let id = 0; id < 300; id += 1) setVolume(`p${id}`, { volume: 50 });
        setVolume('p100', { hushed: true });
        setVolume('p300', { volume: 20 });
        const volumes = ['p100', 'p101', 'p102', 'p300'].map((id) => volumeOf(id).volume);
        return [Object.keys(saved.volumes).length, volumes];""",
    )
    assert found == [200, [50, 100, 50, 20]]


def test_a_call_begins_after_its_first_connection_could_not_be_made(arrival: Page) -> None:
    sent = run(
        arrival,
        """const { Peer } = await load('voice/calls/peer');
        const Connection = RTCPeerConnection;
        window.RTCPeerConnection = function () {
          window.RTCPeerConnection = Connection;
          throw new DOMException('', 'UnknownError');
        };
        return await new Promise((resolve) => new Peer({
          polite: false, direct: true, track: null, servers: async () => [],
          send: resolve, onStream() {}, onChange() {},
        }));""",
    )
    assert sent == "voice.offer"


def test_a_call_is_retried_after_a_restart_that_failed(browser: Browser, server: Server) -> None:
    page = browser.new_page()
    page.clock.install()
    page.goto(f"{server.url}/")
    run(
        page,
        """const { ConnectionMonitor } = await load('voice/calls/connection-monitor');
        window.restarts = 0;
        new ConnectionMonitor({
          pc: { connectionState: 'failed', getReceivers: () => [] },
          polite: false, candidates: ['one'], unanswered: false, onChange() {},
          async restart() {
            window.restarts += 1;
            throw new Error('restart');
          },
        }).onStateChange();""",
    )
    for times in (1, 2, 3):
        page.clock.run_for(4_000)
        page.wait_for_function("(times) => window.restarts >= times", arg=times)
    page.close()


def test_whoever_is_away_is_why_their_call_does_not_come_about(arrival: Page) -> None:
    found = run(
        arrival,
        """const { Mesh } = await load('voice/calls/mesh');
        const mesh = new Mesh({
          servers: async () => [], send() {}, onStream() {}, onStreamEnd() {}, onChange() {},
        });
        const why = (state) => {
          mesh.update([{ person_id: 'a', instance: 'one', polite: true, direct: true, state }]);
          return mesh.whyOf('a');
        };
        const found = [why('away'), why('live'), why('away')];
        mesh.close();
        return found;""",
    )
    assert found[0] == found[2] == "away"
    assert found[1] != "away"


def test_where_no_call_comes_about_the_relay_is_asked_for_again_and_not_at_each_try(
    browser: Browser, server: Server
) -> None:
    page = browser.new_page()
    page.clock.install()
    page.goto(f"{server.url}/")
    page.evaluate(
        ICE,
        '{"ice_servers": [], "expires_in": 600, "relay": true, "relay_works": false}',
    )
    page.evaluate(WELCOME)
    tries = """const { iceServers } = await load('voice/calls/ice');
        const { relay } = await load('voice/calls/relay');
        for (let turn = 0; turn < 8; turn += 1) await iceServers(argument);
        return [window.asked, relay.state];"""
    assert run(page, tries, True) == [1, "down"]
    page.clock.run_for(31_000)
    assert run(page, tries, False) == [1, "down"], "they are good for five minutes"
    assert run(page, tries, True) == [2, "down"]
    page.close()
