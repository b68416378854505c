"""When a location that cannot be had is told, by a device that the test plays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from presence.geo import centre
from tests.browser.module_scripts import run
from tests.browser.visitor import stop_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.support.servers import Server

pytestmark = pytest.mark.browser

PATIENCE_MS = 10_000
DENIED, UNAVAILABLE, TIMEOUT = 1, 2, 3
# The device answers as the test says, and the time stands still until the test moves it.
DEVICE = """
  window.device = {};
  navigator.geolocation.watchPosition = (found, failed) => {
    window.device.find = (accuracy = 20, latitude = 1) =>
      found({ coords: { latitude, longitude: 2, accuracy } });
    window.device.fail = (code) => failed({ code });
    return 7;
  };
  const permission = Object.assign(new EventTarget(), { state: 'prompt' });
  navigator.permissions.query = async () => permission;
  window.device.permit = (state) => {
    permission.state = state;
    permission.dispatchEvent(new Event('change'));
  };
"""
WATCH = """async () => {
  const { watchPosition } = await import('/static/js/place/geolocation.js');
  window.told = [];
  window.stop = watchPosition(() => window.told.push('fix'), (kind) => window.told.push(kind));
}"""


@pytest.fixture
def watch(browser: Browser, server: Server) -> Iterator[Page]:
    """A page that watches the position of the device."""
    page = browser.new_page()
    page.clock.install()
    page.add_init_script(DEVICE)
    page.goto(f"{server.url}/rules")
    stop_clock(page)
    page.evaluate(WATCH)
    yield page
    page.close()


def play(page: Page, answer: str, *arguments: Any) -> None:
    page.evaluate("([answer, all]) => window.device[answer](...all)", [answer, list(arguments)])


def reported(page: Page) -> list[str]:
    return list(page.evaluate("window.told"))


def test_a_denial_is_told_at_once_whether_or_not_a_position_was_there_before(watch: Page) -> None:
    play(watch, "fail", DENIED)
    assert reported(watch) == ["denied"]
    play(watch, "find")
    play(watch, "fail", DENIED)
    assert reported(watch) == ["denied", "fix", "denied"]


@pytest.mark.parametrize(
    ("code", "kind"), [(UNAVAILABLE, "unavailable"), (TIMEOUT, "timeout")], ids=str
)
def test_what_may_heal_is_told_after_ten_seconds(watch: Page, code: int, kind: str) -> None:
    play(watch, "fail", code)
    watch.clock.run_for(PATIENCE_MS - 1)
    assert reported(watch) == []
    watch.clock.run_for(1)
    assert reported(watch) == [kind]


def test_a_position_that_comes_in_time_keeps_an_error_from_being_told(watch: Page) -> None:
    play(watch, "find")
    # A device that lies still is quiet for minutes, and its next error is as young as any.
    watch.clock.run_for(60_000)
    play(watch, "fail", UNAVAILABLE)
    watch.clock.run_for(PATIENCE_MS - 1)
    play(watch, "find")
    watch.clock.run_for(PATIENCE_MS)
    assert reported(watch) == ["fix", "fix"]


def test_a_denial_while_an_error_waits_is_told_at_once_and_alone(watch: Page) -> None:
    play(watch, "fail", UNAVAILABLE)
    play(watch, "fail", DENIED)
    watch.clock.run_for(2 * PATIENCE_MS)
    assert reported(watch) == ["denied"]


def test_a_permission_that_is_taken_away_is_told_where_the_device_only_falls_silent(
    watch: Page,
) -> None:
    play(watch, "find")
    play(watch, "permit", "denied")
    assert reported(watch) == ["fix", "denied"]
    watch.evaluate("window.stop()")
    play(watch, "permit", "granted")
    play(watch, "permit", "denied")
    play(watch, "fail", DENIED)
    assert reported(watch) == ["fix", "denied"], "nobody watches any more"


FIRST = """async () => {
  const { firstFix } = await import('/static/js/place/geolocation.js');
  window.first = null;
  firstFix().then((found) => (window.first = found));
}"""


def test_the_first_fix_is_waited_for_until_it_is_fine_or_five_seconds_have_passed(
    watch: Page,
) -> None:
    watch.evaluate(FIRST)
    play(watch, "find", 800, 1)
    watch.clock.run_for(1_000)
    play(watch, "find", 300, 2)
    watch.clock.run_for(3_999)
    assert watch.evaluate("window.first") is None
    watch.clock.run_for(1)
    assert watch.evaluate("window.first") == {"fix": {"lat": 2, "lon": 2}}
    watch.evaluate(FIRST)
    play(watch, "find", 800, 1)
    play(watch, "find", 60, 3)
    assert watch.evaluate("window.first") == {"fix": {"lat": 3, "lon": 2}}


def test_a_denial_is_told_at_once_though_a_rough_fix_waits(watch: Page) -> None:
    watch.evaluate(FIRST)
    play(watch, "find", 800)
    play(watch, "fail", DENIED)
    assert watch.evaluate("window.first") == {"kind": "denied", "accuracy": 0}


def test_a_block_that_is_chosen_before_the_device_is_followed_waits_for_its_first_fix(
    arrival: Page,
) -> None:
    """Though that lies beside the middle of the area, which is all that was known."""
    found = run(
        arrival,
        """const place = await load('place/published-place');
        const { startTracking } = await load('place/tracker');
        const told = [];
        document.body.addEventListener('htmx:configRequest', ({ detail }) => {
          told.push(detail.parameters.roughness ?? null);
        });
        let published;
        const next = () => new Promise((resolve) => (published = resolve));
        place.onPlace((one) => published?.(one));
        await place.publish({ cell: 'u33dc0q', roughness: 'area', fresh: true });
        place.setPendingRoughness('block');
        await place.publish({ radius: 700 });
        const known = next();
        navigator.geolocation.watchPosition = (found) => {
          const [latitude, longitude] = argument;
          setTimeout(() => found({ coords: { latitude, longitude, accuracy: 20 } }));
          return 1;
        };
        startTracking({ onError() {}, onFix() {} });
        const late = new Promise((resolve) => setTimeout(resolve, 20_000, 'no place'));
        const last = await Promise.race([known, late]);
        return [last, place.pendingRoughness(), told];""",
        centre("u33dc0t"),
    )
    place = {"cell": "u33dc0t", "radius": 700}
    assert found == [place, None, ["area", None, None, "block"]]


PENDING = """async () => {
  document.body.insertAdjacentHTML('beforeend',
    '<span id="pending-place"></span><span id="pending-place-status" role="status"></span>');
  window.place = (await import('/static/js/place/pending-place.js')).showPending;
  window.said = [];
  const status = document.getElementById('pending-place-status');
  new MutationObserver(() => status.textContent && window.said.push(status.textContent))
    .observe(status, { childList: true });
}"""


def test_a_place_that_waits_is_said_once_in_half_a_sentence_until_it_holds(watch: Page) -> None:
    line = watch.locator("#pending-place")
    watch.evaluate(PENDING)
    watch.evaluate("place(0)")
    assert line.text_content() == ""
    watch.evaluate("place(75)")
    assert line.text_content() == "new place in ~1 min"
    watch.clock.run_for(40_000)
    watch.evaluate("place(35)")  # a reach that changes meanwhile, or another step of the walk
    watch.clock.run_for(34_000)
    assert line.text_content() == "new place in ~1 min"
    watch.clock.run_for(1_000)
    assert line.text_content() == ""
    for seconds, words in ((20, "a moment"), (0, None), (150, "~2 min"), (0, None)):
        watch.evaluate("(seconds) => place(seconds)", seconds)
        assert line.text_content() == (f"new place in {words}" if words else "")
    due = ("about a minute", "a moment", "about two minutes")
    assert watch.evaluate("window.said") == [f"Your new place holds in {words}." for words in due]


def test_whoever_allows_it_later_is_noticed(watch: Page) -> None:
    watch.evaluate(
        """async () => {
          const { onAllowed } = await import('/static/js/place/geolocation.js');
          await onAllowed(() => window.told.push('allowed'));
        }"""
    )
    play(watch, "permit", "denied")
    play(watch, "permit", "granted")
    assert reported(watch) == ["denied", "allowed"]
