"""The page's modules of messages after something went wrong, and what they remember, which has an
end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.module_scripts import (
    CONVERSATION,
    FULL,
    ROW,
    WELCOME,
    run,
)
from tests.support.client import elsewhere

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.conftest import Invite
    from tests.support.servers import Server

pytestmark = pytest.mark.browser


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
        addMessages([row('1-0.0', Date.now()), row('2-0.0', Date.now())]);
        const [first, second] = document.querySelectorAll('.o');
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
