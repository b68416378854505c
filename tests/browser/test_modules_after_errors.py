"""The page's modules after something went wrong: one exception stops nothing for ever, and nothing
that is remembered grows without an end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from presence.geo import cell_at
from tests.support.client import elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.browser.conftest import Invite
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

FULL = """() => {
  Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); };
}"""
# The part of the chat page that its conversation needs.
CONVERSATION = """() => document.body.insertAdjacentHTML('beforeend', `
  <div id="scroller"><p id="oldest" hidden></p><ol id="older" hidden></ol><p id="loading"></p>
  <div aria-live="off"><ol id="messages" data-life-ms="1800000"></ol></div></div>
  <button id="more"></button>`)"""
ROW = """(id, sent) => {
  const row = document.createElement('li');
  Object.assign(row.dataset, { id, sent, expires: sent + 1_800_000, person: 'f'.repeat(16) });
  return row;
}"""
# A signalling socket that the test is the server of.
SIGNALING = """() => {
  window.WebSocket = class {
    static OPEN = 1;
    readyState = 1;
    constructor() { window.signaling = this; }
    send() {}
    close() {}
  };
  window.receive = (frame) => window.signaling.onmessage({ data: JSON.stringify(frame) });
}"""
ICE = """(answer) => {
  window.asked = 0;
  window.fetch = async () => {
    window.asked += 1;
    const headers = { NearTalk: '1' };
    return answer ? new Response(answer, { headers }) : new Promise(() => {});
  };
}"""
# The first frame of a socket, by which the page knows that the server knows its session.
WELCOME = """async () => {
  await import('/static/js/server/session.js');
  const signals = document.createElement('div');
  signals.id = 'signals';
  document.body.append(signals);
  const template = document.createElement('template');
  template.innerHTML = `<data class="welcome" data-now="${Date.now()}"></data>`;
  const detail = { fragment: template.content };
  signals.dispatchEvent(new CustomEvent('htmx:oobBeforeSwap', { detail, bubbles: true }));
}"""
SERVERS = '{"ice_servers": [], "expires_in": 10}'


@pytest.fixture
def arrival(browser: Browser, server: Server) -> Iterator[Page]:
    """The welcome page: requests work, and nobody has arrived."""
    page = browser.new_page()
    page.goto(f"{server.url}/")
    yield page
    page.close()


def run(page: Page, script: str, argument: Any = None) -> Any:
    """Runs the body of an asynchronous function, to which `load` gives a module's exports."""
    body = f"const load = (name) => import(`/static/js/${{name}}.js`);\n{script}"
    return page.evaluate(f"async (argument) => {{ {body} }}", argument)


# ---- The published place -------------------------------------------------------------------------


def test_a_place_is_published_after_a_listener_has_thrown(arrival: Page) -> None:
    found = run(
        arrival,
        """const { onPlace, publish } = await load('place/published-place');
        const places = [];
        onPlace(() => { throw new Error('listener'); });
        onPlace(({ cell }) => places.push(cell));
        const first = await publish({ cell: 'u33dc0q', fresh: true });
        const second = await publish({ cell: 'u33dc0r' });
        return [first.done, second.done, places];""",
    )
    assert found == [True, True, ["u33dc0q", "u33dc0r"]]


def test_a_place_is_published_where_storage_is_full(arrival: Page) -> None:
    arrival.evaluate(FULL)
    found = run(
        arrival,
        """const { currentPlace, publish } = await load('place/published-place');
        const first = await publish({ cell: 'u33dc0q', radius: 200, fresh: true });
        const second = await publish({ cell: 'u33dc0r', radius: 200 });
        return [first.done, second.done, currentPlace()];""",
    )
    assert found == [True, True, {"cell": "u33dc0r", "radius": 200}]


def test_a_publish_without_a_place_is_not_done_and_the_next_one_is(arrival: Page) -> None:
    found = run(
        arrival,
        """const { publish } = await load('place/published-place');
        const without = await publish({ radius: 200 });
        return [without, (await publish({ cell: 'u33dc0q', fresh: true })).done];""",
    )
    failed = {"done": False, "retryAfter": 0, "refusal": None, "cookiesRefused": False}
    assert found == [failed, True]


def test_a_move_is_published_after_a_listener_has_thrown(arrival: Page) -> None:
    arrival.evaluate(
        """() => {
          navigator.geolocation.watchPosition = (onFix) => {
            window.fix = (latitude, longitude) =>
              onFix({ coords: { latitude, longitude, accuracy: 10 } });
            return 1;
          };
        }"""
    )
    cells = run(
        arrival,
        """const { onPlace } = await load('place/published-place');
        const { startTracking } = await load('place/tracker');
        onPlace(() => { throw new Error('listener'); });
        let published;
        const next = () => new Promise((resolve) => (published = resolve));
        onPlace(({ cell }) => published(cell));
        const first = next();
        startTracking({ onError() {}, onFix() {} });
        for (let turn = 0; !window.fix; turn += 1) {
          if (turn > 10_000) throw new Error('nobody asked where they are');
          await new Promise((resolve) => setTimeout(resolve));
        }
        window.fix(52.52, 13.405);
        const one = await first;
        const second = next();
        window.fix(52.56, 13.405);
        return [one, await second];""",
    )
    assert cells == [cell_at(52.52, 13.405), cell_at(52.56, 13.405)]


# ---- Requests ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        "htmx.ajax = () => { htmx.ajax = ajax; throw new Error('at once'); };",
        "htmx.ajax = () => { htmx.ajax = ajax; return Promise.reject(new Error('later')); };",
        "body.addEventListener('htmx:beforeRequest', (e) => e.preventDefault(), { once: true });",
    ],
    ids=["throws", "rejects", "is held back"],
)
def test_requests_go_on_after_one_that_was_never_sent(arrival: Page, broken: str) -> None:
    found = run(
        arrival,
        f"""const {{ call }} = await load('server/http');
        const {{ body }} = document;
        const {{ ajax }} = htmx;
        {broken}
        const lost = await call('GET', '/api/health');
        const next = await call('GET', '/api/health');
        return [lost.status, next.status];""",
    )
    assert found == [0, 200]


def test_requests_go_on_after_an_answer_that_htmx_could_not_handle(arrival: Page) -> None:
    found = run(
        arrival,
        """const { call } = await load('server/http');
        const { getAllResponseHeaders } = XMLHttpRequest.prototype;
        XMLHttpRequest.prototype.getAllResponseHeaders = () => { throw new Error('headers'); };
        const first = await call('GET', '/api/health');
        XMLHttpRequest.prototype.getAllResponseHeaders = getAllResponseHeaders;
        return [first.status, (await call('GET', '/api/health')).status];""",
    )
    assert found == [200, 200]


# ---- Signals and blocks --------------------------------------------------------------------------


def test_a_signal_reaches_every_listener_and_the_next_ones_too(arrival: Page) -> None:
    found = run(
        arrival,
        """const { on } = await load('server/signals');
        const received = [];
        on('one', () => { throw new Error('listener'); });
        on('one', ({ value }) => received.push(value));
        on('two', ({ value }) => received.push(value));
        document.body.insertAdjacentHTML('beforeend', '<div id="signals"></div>');
        const template = document.createElement('template');
        template.innerHTML = `<data class="one" data-value="1"></data>
          <data class="two" data-value="2"></data>`;
        const detail = { fragment: template.content };
        const signals = document.getElementById('signals');
        signals.dispatchEvent(new CustomEvent('htmx:oobBeforeSwap', { detail, bubbles: true }));
        return received;""",
    )
    assert found == ["1", "2"]


def test_a_block_reaches_every_listener(arrival: Page) -> None:
    found = run(
        arrival,
        """const { block, isBlocked, onBlock } = await load('people/blocks');
        const called = [];
        onBlock(() => { throw new Error('listener'); });
        onBlock(() => called.push('second'));
        block(['a']);
        return [called, isBlocked('a')];""",
    )
    assert found == [["second"], True]


# ---- Messages ------------------------------------------------------------------------------------


def test_a_removal_is_remembered_for_as_long_as_its_message_can_live(arrival: Page) -> None:
    arrival.evaluate(CONVERSATION)
    found = run(
        arrival,
        f"""const messages = await load('chat/messages');
        const row = {ROW};
        const now = performance.now.bind(performance);
        let passed = 0;
        performance.now = () => now() + passed;
        const shown = () => {{
          messages.addMessages([row('1-0.00000000', Date.now() + passed)]);
          return document.getElementById('messages').childElementCount;
        }};
        const counts = [];
        messages.removeMessages(['1-0.00000000']);
        for (const minutes of [0, 29, 31]) {{
          passed = minutes * 60_000;
          messages.refreshAges();
          counts.push(shown());
        }}
        return counts;""",
    )
    assert found == [0, 0, 1]


def test_older_messages_are_loaded_again_after_a_page_of_them_that_was_broken(
    browser: Browser, server: Server
) -> None:
    page = browser.new_page()
    page.clock.install()
    page.goto(f"{server.url}/")
    page.evaluate(CONVERSATION)
    asked: list[str] = []

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        broken = (
            "<li data-id='1-0.0' data-expires='9e12' data-sent='1'><b class='minutes'>1</b></li>"
        )
        body = broken if len(asked) == 1 else ""
        route.fulfill(content_type="text/html", headers={"NearTalk": "1"}, body=body)

    page.route("**/api/messages*", answer)
    page.evaluate(WELCOME)
    run(
        page,
        f"""const {{ addMessages }} = await load('chat/messages');
        const {{ restart }} = await load('chat/history');
        const row = {ROW};
        addMessages([row('2-0.0', Date.now())]);
        addEventListener('unhandledrejection', () => (window.failed = true));
        window.restart = restart;
        // The welcome page itself has no place for answers.
        const here = (event) => event.stopPropagation();
        document.addEventListener('htmx:beforeSwap', here, true);
        restart();""",
    )
    page.wait_for_function("() => window.failed")
    page.clock.run_for(5_000)
    page.evaluate("() => window.restart()")
    page.wait_for_function("() => !document.getElementById('oldest').hidden")
    assert len(asked) == 2
    page.close()


def test_the_stop_of_the_tab_key_stays_where_no_message_was_added(arrival: Page) -> None:
    arrival.evaluate(CONVERSATION)
    found = run(
        arrival,
        f"""const {{ addMessages }} = await load('chat/messages');
        const row = {ROW};
        const withRing = (id) => {{
          const made = row(id, Date.now());
          made.innerHTML = `<div class="clock"><button data-act="person"></button></div>
            <b class="name"></b><b class="tag"></b>`;
          return made;
        }};
        addMessages([withRing('1-0.0'), withRing('2-0.0')]);
        const [first, second] = document.querySelectorAll('[data-act="person"]');
        first.focus();
        first.blur();
        addMessages([]);
        return [first.tabIndex, second.tabIndex];""",
    )
    assert found == [0, -1]


def test_what_you_wrote_is_sent_where_storage_is_full(arrival: Page) -> None:
    arrival.evaluate(FULL)
    found = run(
        arrival,
        """document.body.insertAdjacentHTML('beforeend', `<form id="composer">
          <textarea id="text" data-max="500"> Hello </textarea><p id="counter"></p></form>`);
        const { extractText, restoreText } = await load('chat/composer');
        return [extractText(), extractText(), restoreText('Again'), extractText()];""",
    )
    assert found == ["Hello", None, True, "Again"]


@pytest.mark.parametrize("kept", ["{", "null", '{"ref": "a"}', "[null, 1]"])
def test_a_page_opens_whatever_its_storage_holds(server: Server, visit: Invite, kept: str) -> None:
    alice = visit(server, elsewhere())
    keys = ("neartalk.outbox", "neartalk.voice", "neartalk.place")
    stored = "".join(f"sessionStorage.setItem('{key}', {kept!r});" for key in keys)
    alice.page.add_init_script(f"if (location.pathname === '/') {{ {stored} }}")
    alice.arrive().expect_here()


# ---- Voice ---------------------------------------------------------------------------------------


def test_ice_servers_are_renewed_after_a_listener_has_thrown(
    browser: Browser, server: Server
) -> None:
    page = browser.new_page()
    page.clock.install()
    page.goto(f"{server.url}/")
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
