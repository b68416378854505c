"""What the page does when the server, the network or the person goes away and comes back."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from presence.geo import cell_at, centre
from tests.browser.visitor import wait_until
from tests.support.client import elsewhere, north
from tests.support.waiting import until

if TYPE_CHECKING:
    from tests.browser.conftest import Invite, Meet
    from tests.browser.visitor import BrowserVisitor
    from tests.conftest import Serve
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

UPDATE = "/api/location/update"
BACK_IN = re.compile(r"Reconnecting ?Back in \d+ s")
# When the page last heard of its server, by its own clock.
NOTE_HEARD = """() => {
  const note = () => { window.heardAt = performance.now(); };
  document.addEventListener('htmx:wsBeforeMessage', note);
  note();
}"""
RESTARTED = "The server restarted and earlier messages are gone. New ones arrive as usual."


# ---- The server dies -----------------------------------------------------------------------------


def test_a_killed_server_costs_its_history_but_neither_names_nor_what_was_being_sent(
    serve: Serve, visit: Invite
) -> None:
    server = serve()
    spot = elsewhere()
    alice = without_a_server(visit(server, spot).arrive())
    bob = without_a_server(visit(server, north(spot, 2)).arrive())
    expect(bob.person(alice.name)).to_be_visible()
    names = alice.name, bob.name
    alice.send_text("Before.")

    server.kill()
    alice.expect_status(BACK_IN)
    alice.submit("While nobody listens.")
    expect(alice.pending).to_have_attribute("data-state", "sending")
    server.start()
    alice.dispatch_online()
    alice.expect_status("Live")
    row = alice.message("While nobody listens.")
    expect(row.locator("time")).to_have_attribute("data-ago", "now")
    expect(alice.pending).to_have_count(0)

    bob.dispatch_online()
    bob.expect_status("Live")
    expect(bob.message("While nobody listens.")).to_have_count(1)
    expect(bob.message("While nobody listens.").locator(".name")).to_have_text(names[0])
    expect(bob.person(names[0])).to_be_visible()
    expect(alice.person(names[1])).to_be_visible()
    assert (alice.name, bob.name) == names
    for one in (alice, bob):
        notice = one.page.locator("#notices .notice")
        expect(notice).to_contain_text(RESTARTED)
        one.await_pong()
        assert one.texts().count("While nobody listens.") == 1
    notice = alice.page.locator("#notices .notice")
    notice.get_by_role("button", name="Close").click()
    expect(notice).to_have_count(0)
    for one in (alice, bob):
        assert not [words for words in one.console_messages if "401" in words], "it waits"


def test_in_the_shared_form_a_killed_process_costs_nothing(
    serve: Serve, visit: Invite, meet: Meet, redis_url: str
) -> None:
    server, other = (serve(env={"REDIS_URL": redis_url}) for _ in range(2))
    spot = elsewhere()
    alice = without_a_server(visit(server, spot).arrive())
    bob = meet(other, north(spot, 2), "bob")
    alice.send_text("Before.")
    me = alice.page.locator("#self").get_attribute("data-person")

    server.kill()
    alice.expect_status(BACK_IN)
    alice.submit("While my server is away.")
    bob.send_text("While you are away.")
    server.start()
    alice.dispatch_online()
    alice.expect_status("Live")
    expect(alice.message("While my server is away.")).to_be_visible()
    expect(alice.message("While you are away.")).to_be_visible()
    alice.await_pong()
    assert alice.texts() == ["Before.", "While you are away.", "While my server is away."]
    expect(alice.page.locator("#notices")).to_be_empty()
    assert alice.page.locator("#self").get_attribute("data-person") == me
    heard = [bob.await_frame("chat.message") for _ in range(3)]
    assert [(one["text"], one["person_id"]) for one in heard if one["person_id"] == me] == [
        ("Before.", me),
        ("While my server is away.", me),
    ]


def test_each_try_waits_longer_than_the_one_before_and_is_counted_down(
    serve: Serve, visit: Invite
) -> None:
    """By chance as late as may be; the server sends its people elsewhere, and nobody is there."""
    server = serve()
    alice = without_a_server(visit(server, elsewhere(), clock=True).arrive())
    alice.stop_time()
    alice.page.evaluate("Math.random = () => 0.999")
    seconds = alice.page.locator("#status-count")
    assert server.terminate() == 0
    expect(seconds).to_have_text("Back in 1 s")
    expect(alice.page.locator("#status")).to_have_attribute("data-state", "waiting")
    expect(alice.page.locator("#status .remains")).to_be_visible()
    alice.page.clock.run_for(1000)
    expect(seconds).to_have_text("Back in 2 s")
    alice.page.clock.run_for(2000)
    expect(seconds).to_have_text(re.compile("Back in [34] s"))
    alice.page.clock.run_for(2000)
    expect(seconds).to_have_text(re.compile("Back in [12] s"))
    server.start()
    alice.page.clock.run_for(2000)
    alice.expect_here()


def test_a_server_that_falls_silent_is_noticed_after_25_seconds(
    serve: Serve, visit: Invite, meet: Meet
) -> None:
    server = serve()
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot, clock=True).arrive()
    alice.stop_time()
    alice.page.evaluate(NOTE_HEARD)
    alice.await_pong()
    server.pause()
    pass_silence(alice, 24_000)
    alice.expect_status("Live")
    pass_silence(alice, 27_000)
    alice.expect_status("Connecting")
    server.resume()
    alice.expect_status("Live")
    bob.send_text("There you are.")
    expect(alice.message("There you are.")).to_have_count(1)


# ---- The network goes ----------------------------------------------------------------------------


def test_offline_says_so_and_keeps_what_is_typed_until_the_network_is_back(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = without_a_server(visit(server, spot, clock=True).arrive())
    alice.context.set_offline(True)
    alice.page.clock.run_for(8000)
    alice.expect_status("Offline")
    notice = alice.page.locator("#alerts .notice:not(#undo)")
    expect(notice).to_have_text(re.compile(r"Offline\. *What you type stays here\."))
    alice.submit("Said in a tunnel.")
    alice.write("And more")
    expect(alice.pending).to_have_attribute("data-state", "sending")
    bob.send_text("Are you there?")

    alice.context.set_offline(False)
    alice.expect_status("Live")
    expect(notice).to_have_count(0)
    expect(alice.message("Said in a tunnel.")).to_be_visible()
    expect(alice.message("Are you there?")).to_have_count(1)
    expect(alice.page.locator("#text")).to_have_value("And more")
    heard = [bob.await_frame("chat.message")["text"] for _ in range(2)]
    assert heard == ["Are you there?", "Said in a tunnel."]


# ---- The person comes back, or goes --------------------------------------------------------------


def test_a_reload_goes_on_as_the_same_person_and_nobody_sees_them_leave(
    server: Server, visit: Invite
) -> None:
    spot = elsewhere()
    alice = visit(server, spot).arrive()
    bob = visit(server, north(spot, 2)).arrive()
    alice.send_text("Before.")
    name, me = alice.name, alice.page.locator("#self").get_attribute("data-person")
    expect(bob.person(name)).to_be_visible()
    heard = len(bob.received)
    alice.page.reload()
    alice.expect_here()
    assert (alice.name, alice.page.locator("#self").get_attribute("data-person")) == (name, me)
    assert alice.texts() == ["Before."]
    alice.send_text("After.")
    expect(bob.message("After.")).to_be_visible()
    assert [frame for frame in bob.received[heard:] if 'id="people-count"' in frame] == []


def test_who_opens_the_door_again_goes_on_with_the_visit_they_have(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere()).arrive()
    name = alice.name
    alice.arrive()
    assert alice.name == name
    assert len(alice.calls("/api/session/create")) == 1


def test_leaving_ends_at_once_here_in_the_other_tab_and_for_everybody(
    server: Server, visit: Invite
) -> None:
    spot = elsewhere()
    alice = visit(server, spot).arrive()
    bob = visit(server, north(spot, 2)).arrive()
    expect(bob.person(alice.name)).to_be_visible()
    second = alice.tab()
    second.goto(f"{alice.url}/near")
    expect(second.locator("#status")).to_have_text("Live")
    alice.send_text("Not for others.")
    expect(second.locator("#messages")).to_contain_text("Not for others.")
    expect(second.locator("#oldest")).to_be_visible()  # nothing is asked for any more
    name = alice.name
    alice.write("Never said.")

    alice.page.get_by_role("button", name="Leave").click()
    alice.page.wait_for_url(f"{alice.url}/")
    assert "neartalk." not in alice.page.evaluate("JSON.stringify(sessionStorage)")
    assert "neartalk" not in {cookie["name"] for cookie in alice.context.cookies()}
    expect(second.locator("#alerts .notice:not(#undo)")).to_contain_text("You left.")
    expect(second.locator("#status")).to_have_text("Offline")
    shown = second.evaluate("document.body.textContent")
    assert not [one for one in ("Not for others.", bob.name, name) if one in shown]
    expect(second.locator("#composer")).to_be_hidden()
    expect(bob.people).to_have_count(0)
    second.get_by_role("button", name="Start again").click()
    second.wait_for_url(f"{alice.url}/")
    alice.page.goto(f"{alice.url}/near")
    alice.page.wait_for_url(f"{alice.url}/")


def test_of_two_tabs_one_locates_and_the_other_follows_and_takes_over(
    server: Server, visit: Invite
) -> None:
    spot = elsewhere()
    alice = visit(server, spot).arrive()
    second = alice.tab()
    second.goto(f"{alice.url}/near")
    expect(second.locator("#status")).to_have_text("Live")
    assert second.evaluate("window.asked") == 0

    far = north(spot, 10)
    alice.stand(*far)
    for page in (alice.page, second):
        wait_until(
            page,
            "(cell) => JSON.parse(sessionStorage.getItem('neartalk.place'))?.cell === cell",
            cell_at(*far),
        )
    assert [one.post_data for one in alice.calls(UPDATE)] == [update(spot), update(far)]

    second.locator("#radius").press("ArrowRight")
    expect(alice.page.locator("#reach-output")).to_have_text("700 m")
    alice.page.close()
    wait_until(second, "() => window.asked === 1")
    further = north(spot, 20)
    with second.expect_request(f"**{UPDATE}?near=*") as request:
        alice.stand(*further)
    assert request.value.post_data == update(further, 700)


def pass_silence(alice: BrowserVisitor, ms: int) -> None:
    """Moves the page's clock until nothing was heard for so long: what the server said just before
    it fell silent may be read meanwhile."""

    def silent() -> bool:
        left = ms - alice.page.evaluate("performance.now() - window.heardAt")
        if left > 0:
            alice.page.clock.run_for(math.ceil(left))
        return left <= 0

    until(silent, f"{ms} ms of silence", pause=lambda: None)


def without_a_server(visitor: BrowserVisitor) -> BrowserVisitor:
    """Somebody whose console may say that nobody answers."""
    for words in (
        "WebSocket connection to",
        "net::ERR_",
        "htmx:",
        "[object Event]",
        "status of 401",
    ):
        visitor.forgive(words)
    return visitor


def update(spot: tuple[float, float], radius: int = 500) -> str:
    lat, lon = centre(cell_at(*spot))
    return f"lat={lat}&lon={lon}&radius={radius}"
