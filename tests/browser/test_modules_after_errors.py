"""The page's modules of places, requests and signals after something went wrong: one exception
stops nothing for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from presence.geo import cell_at
from tests.browser.module_scripts import (
    FULL,
    run,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page


pytestmark = pytest.mark.browser


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
