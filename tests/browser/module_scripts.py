"""What tests of the page's modules run in a page: scripts, and what stands in for a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page


FULL = """() => {
  Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); };
}"""
# The part of the chat page that its conversation needs.
CONVERSATION = """() => document.body.insertAdjacentHTML('beforeend', `
  <div id="scroller"><p id="oldest" hidden></p><ol id="older" hidden></ol><p id="loading"></p>
  <div aria-live="off"><ol id="messages" data-life-ms="1800000"></ol></div></div>
  <button id="more"></button>
  <template id="message-row"><time></time><button class="o" data-act="message"></button></template>
  <template id="chip"><button class="chip" data-act="chip"><svg><use/></svg><span></span></button>
  </template>`)"""
ROW = """(id, sent) => {
  const row = document.createElement('li');
  Object.assign(row.dataset, { id, sent, expires: sent + 1_800_000, person: 'f'.repeat(16) });
  row.className = 'message';
  row.innerHTML = `<p class="who"><b class="name"></b><b class="tag"></b></p>
    <p class="bubble"></p><time></time><button class="o" data-act="message"></button>`;
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
  window.fetch = async (url) => {
    if (!String(url).includes('/static/')) window.asked += 1;  // the page fetches ahead, too
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


def run(page: Page, script: str, argument: Any = None) -> Any:
    """Runs the body of an asynchronous function, to which `load` gives a module's exports."""
    body = f"const load = (name) => import(`/static/js/${{name}}.js`);\n{script}"
    return page.evaluate(f"async (argument) => {{ {body} }}", argument)
