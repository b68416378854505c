"""The page's modules after something went wrong: one exception stops nothing for ever, and nothing
that is remembered grows without an end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.servers import Server

pytestmark = pytest.mark.browser

FULL = """() => {
  Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); };
}"""
# The part of the chat page that its conversation needs.
CONVERSATION = """() => document.body.insertAdjacentHTML('beforeend', `
  <div id="scroller"><p id="oldest" hidden></p><ol id="older" hidden></ol><p id="loading"></p>
  <div aria-live="off"><ol id="messages"></ol></div></div><button id="more"></button>`)"""
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
    return answer ? new Response(answer) : new Promise(() => {});
  };
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


def test_a_removal_is_remembered_for_as_long_as_its_message_can_live(arrival: Page) -> None:
    arrival.evaluate(CONVERSATION)
    found = run(
        arrival,
        f"""const messages = await load('chat/messages');
        const row = {ROW};
        const {{ now }} = Date;
        let passed = 0;
        Date.now = () => now() + passed;
        const shown = () => {{
          messages.addMessages([row('1-0.00000000', Date.now())]);
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


def test_what_is_known_of_people_goes_when_they_leave_voice(arrival: Page) -> None:
    arrival.evaluate(SIGNALING)
    arrival.evaluate(ICE, None)
    found = run(
        arrival,
        """const { facts, join, sendAct } = await load('voice/calls/room');
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
