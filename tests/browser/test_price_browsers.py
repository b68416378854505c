"""The work that a session may cost, done by Firefox and by WebKit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from altcha import Challenge, Payload, Solution

from neartalk.clock import now_ms
from neartalk.limits import new_challenge, read_solution
from tests.support.client import elsewhere

if TYPE_CHECKING:
    from tests.browser.conftest import Receive
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

WORK = """void (() => {{
  const where = document.querySelector('meta[name="price-worker"]').content;
  const worker = new Worker(where, {{ type: 'module' }});
  worker.onmessage = ({{ data }}) => (window.found = JSON.stringify(data));
  worker.onerror = () => (window.found = 'null');
  worker.postMessage({});
}})()"""


def test_firefox_and_webkit_find_the_answer_of_a_challenge(
    server: Server, receive: Receive
) -> None:
    fields = new_challenge(50, "somewhere", now_ms())
    guest = receive(server, elsewhere())
    guest.tab.open(server.url)
    guest.until("document.readyState === 'complete'", "the page is there")
    guest.evaluate(WORK.format(json.dumps(fields["parameters"])))
    found = json.loads(guest.until("window.found", "the answer"))
    solution = Payload(Challenge.from_dict(fields), Solution.from_dict(found)).to_base64()
    assert read_solution(solution, "somewhere", now_ms()).price_ms == 50
