"""What people choose for themselves: their radius, their name, what an empty place offers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.interceptor import wait_until_true
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tests.browser.conftest import Invite, Meet
    from tests.browser.visitor import BrowserVisitor
    from tests.support.servers import Server

pytestmark = pytest.mark.browser


# ---- Your distance -------------------------------------------------------------------------------


def test_an_empty_place_offers_to_reach_further(server: Server, visit: Invite, meet: Meet) -> None:
    spot = elsewhere()
    meet(server, north(spot, 5), "bob", radius=2000)
    alice = visit(server, spot).arrive()
    expect(alice.page.locator("#nobody h2")).to_have_text("Nobody within 500 m yet")
    expect(alice.page.locator("#audience")).to_have_text("Nobody yet. It waits 30 minutes.")
    alice.page.get_by_role("button", name="Look within 1 km").click()
    expect(alice.page.locator("#reach-output")).to_have_text("1 km")
    expect(alice.page.locator("#radius")).to_be_focused()
    expect(alice.person("bob")).to_be_visible()
    expect(alice.page.locator("#nobody")).to_be_hidden()
    expect(alice.page).to_have_title("Near, 1 km")


def test_an_empty_place_says_what_is_left_to_do(server: Server, visit: Invite) -> None:
    alice = visit(server, elsewhere()).arrive()
    words = alice.page.locator("#nobody > p").first
    rings = alice.page.locator(".nobody-rings text:not(.halo)")
    who = "someone who is close by. Words you leave wait 30 minutes."
    expect(words).to_have_text(f"Look further, or invite {who}", use_inner_text=True)
    expect(rings.filter(visible=True)).to_have_text(["2 km", "1 km", "500 m"])
    alice.reach(8)
    expect(alice.page.get_by_role("button", name="Look within 2 km")).to_be_visible()
    expect(rings.filter(visible=True)).to_have_text(["2 km", "1.5 km"])
    alice.reach(9)
    expect(words).to_have_text(f"Invite {who}", use_inner_text=True)
    expect(rings.filter(visible=True)).to_have_text(["2 km"])
    expect(alice.page.locator("#further")).to_be_hidden()


def test_an_empty_place_hands_out_its_link(server: Server, visit: Invite) -> None:
    allowed = ["geolocation", "clipboard-read", "clipboard-write"]
    alice = visit(server, elsewhere(), clock=True, permissions=allowed).arrive()
    alice.page.locator("#nobody").get_by_role("button", name="Invite").click()
    sheet = alice.page.get_by_role("dialog", name="Invite somebody near")
    code = sheet.get_by_role("img", name=f"QR code of {alice.url}/")
    expect(code).to_be_visible()
    assert code.evaluate("(image) => image.decode().then(() => image.naturalWidth > 0)")
    alice.stop_time()  # it says for four seconds that it copied
    sheet.get_by_role("button", name="Copy").click()
    expect(alice.page.locator("#invite-status")).to_have_text("Link copied.")
    assert alice.page.evaluate("navigator.clipboard.readText()") == f"{alice.url}/"
    alice.page.keyboard.press("Escape")
    expect(alice.page.locator("#nobody").get_by_role("button", name="Invite")).to_be_focused()


def test_an_empty_place_says_when_someone_comes(server: Server, visit: Invite, meet: Meet) -> None:
    spot = elsewhere()
    alice = visit(server, spot).arrive()
    alice.page.get_by_role("button", name="Tell me when someone comes").click()
    tell = alice.page.get_by_role("switch", name="Tell me")
    expect(tell).not_to_be_checked()
    expect(tell).to_be_disabled()
    expect(alice.page.locator("#notify-status")).to_contain_text("Your browser blocks it.")
    alice.hide()
    meet(server, north(spot, 2), "bob")
    expect(alice.page).to_have_title("Someone is near. Near, 500 m")
    alice.hide(False)
    alice.page.keyboard.press("Escape")
    alice.send_text("Hello, whoever you are.")
    alice.await_pong()
    expect(
        alice.page.locator("#notify-offer")
    ).to_be_hidden()  # nobody is offered what they blocked
    alice.context.grant_permissions(["geolocation", "notifications"])
    alice.page.get_by_role("button", name="Settings").click()
    expect(tell).to_be_enabled()
    expect(alice.page.locator("#notify-status")).to_have_text("")


def test_a_reach_that_nobody_answers_for_waits_and_then_goes_back(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere()).arrive()
    slider = alice.page.locator("#radius")
    output = alice.page.locator("#reach-output")
    server.pause()
    try:
        alice.reach(7)
        expect(output).to_have_text("1 km")
        expect(slider).to_have_attribute("aria-busy", "true")
    finally:
        server.resume()
    expect(slider).not_to_have_attribute("aria-busy", "true")
    expect(output).to_have_text("1 km")

    alice.forgive("net::ERR_FAILED")
    alice.forgive("htmx:")
    alice.page.route("**/api/location/update?near=*", lambda route: route.abort())
    slider.press("End")  # in one step: where each one fails, a slow hand never comes to the last
    notice = alice.page.locator("#alerts .notice:not(#undo)")
    expect(notice).to_contain_text("The distance did not change.")
    expect(output).to_have_text("1 km")
    expect(slider).to_have_value("7")
    alice.page.unroute("**/api/location/update?near=*")
    notice.get_by_role("button", name="Try again").click()
    expect(output).to_have_text("2 km")
    expect(notice).to_have_count(0)


def test_of_two_reaches_that_nobody_answers_for_the_last_is_tried_again(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere(), clock=True).arrive()
    page, slider = alice.page, alice.page.locator("#radius")
    alice.forgive("net::ERR_FAILED")
    alice.forgive("htmx:")
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    def came(turn: int) -> bool:
        return len(asked) > turn

    page.route("**/api/location/update?near=*", hold)
    alice.stop_time()
    for key in ("ArrowUp", "End"):  # the second rests before the first has failed
        slider.press(key)
        page.clock.run_for(250)
    for turn in range(2):
        wait_until_true(page, partial(came, turn), "the reach is published")
        asked[turn].abort()
    notice = page.locator("#alerts .notice:not(#undo)")
    expect(notice).to_contain_text("The distance did not change.")
    expect(slider).not_to_have_attribute("aria-busy", "true")
    page.unroute("**/api/location/update?near=*")
    page.clock.run_for(500)  # until then it takes no tap
    notice.get_by_role("button", name="Try again").click()
    page.clock.run_for(250)
    expect(slider).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#reach-output")).to_have_text("2 km")


# ---- Your name -----------------------------------------------------------------------------------


def test_the_name_editor_says_how_many_changes_are_left_until_they_are_used_up(
    server: Server, visit: Invite
) -> None:
    spot = elsewhere()
    bob = visit(server, north(spot, 2)).arrive()
    alice = visit(server, spot).arrive()
    alice.send_text("Under my first name.")
    first = alice.name
    editor = alice.page.locator("#rename")
    left = alice.page.locator("#self > div .quiet")
    expect(left).to_have_text("3 name changes left")
    alice.page.locator("#rename-open").click()

    alice.forgive("status of 422")
    rename(alice, "   ")
    expect(alice.page.locator("#rename-why")).to_have_text(
        f"A name has 1 to 24 letters. {first} stays for now."
    )
    expect(editor).to_be_visible()
    for turn, words in ((1, "2 name changes left"), (2, "1 name change left"), (3, "0 name")):
        rename(alice, f"Alice {turn}")
        expect(left).to_contain_text(words)
        expect(alice.page.locator("#as")).to_have_text(f"You are Alice {turn}")
        expect(editor).to_be_hidden()
        alice.page.locator("#rename-open").click()
    expect(alice.page.locator("#rename-why")).to_have_text(
        "You have changed your name 3 times. Alice 3 stays until you leave."
    )
    expect(alice.page.locator("#username")).to_be_disabled()

    expect(bob.person("Alice 3")).to_be_visible()
    expect(bob.message("Under my first name.").locator(".name")).to_have_text(first)
    alice.send_text("Under my last name.")
    expect(bob.message("Under my last name.").locator(".name")).to_have_text("Alice 3")


def test_two_of_the_same_name_are_told_apart_by_their_tags(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    alice = visit(server, spot).arrive()
    first = alice.page.locator("#self").get_attribute("data-name")
    meet(server, north(spot, 2), "Bo")
    expect(alice.person("Bo")).to_be_visible()
    alice.page.locator("#rename-open").click()
    alice.forgive("status of 409")
    rename(alice, "B0")
    expect(alice.page.locator("#rename-why")).to_have_text(
        f"Somebody near you has that name. {first} stays for now."
    )
    rename(alice, "Ana")
    expect(alice.page.locator("#self")).to_have_attribute("data-name", "Ana")
    meet(server, north(spot, 2), "Ana")
    expect(alice.person("Ana")).to_be_visible()
    alice.page.reload()
    tag = alice.page.locator("#self .who .tag").inner_text()
    expect(alice.page.locator("#self > div .quiet")).to_have_text(
        f"Two people near you are called Ana. Your tag, {tag}, tells you apart."
    )


def rename(visitor: BrowserVisitor, name: str) -> None:
    visitor.page.locator("#username").fill(name)
    visitor.page.locator("#username").press("Enter")


def test_a_name_that_was_typed_is_kept_over_a_reload_until_it_is_saved_or_dropped(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere()).arrive()
    page, field = alice.page, alice.page.locator("#username")
    page.locator("#rename-open").click()
    field.fill("Alice")
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("radio", name="Feet and miles").click()
    expect(page.locator("html")).to_have_attribute("data-units", "feet")
    expect(field).to_be_visible()
    expect(field).to_have_value("Alice")
    expect(page.locator("#rename-open")).to_have_attribute("aria-expanded", "true")
    page.get_by_role("button", name="Settings").click()
    page.locator("#settings form.language select").select_option("de")
    page.locator("#settings form.language button").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(field).to_have_value("Alice")
    field.press("Enter")
    expect(page.locator("#self")).to_have_attribute("data-name", "Alice")
    page.reload()
    alice.expect_here()
    expect(field).to_be_hidden()

    page.locator("#rename-open").click()
    field.fill("Alice Springs")
    field.press("Escape")
    page.reload()
    alice.expect_here()
    expect(field).to_be_hidden()
    expect(field).to_have_value("Alice")


def test_whoever_comes_with_a_name_like_another_s_is_marked_for_all_who_see_both(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    meet(server, north(spot, 2), "Alice")
    dora = visit(server, spot).arrive()
    tags = dora.page.locator("#people-list .person-row .tag.alike")
    expect(dora.person("Alice")).to_be_visible()
    expect(tags).to_have_count(0)
    words = dora.page.locator("#self > div")
    expect(words).not_to_contain_text("people near you")
    other = meet(server, north(spot, 1), "A1ice")
    expect(tags).to_have_count(2)
    other.send_text("it is me, Alice")
    expect(dora.message("it is me").locator(".who .tag.alike")).to_be_visible()
    expect(words).not_to_contain_text("people near you")
    own = dora.page.locator("#self > div bdi").first.inner_text()
    meet(server, spot, own.upper())
    expect(words).to_contain_text(f"Two people near you are called {own}.")
    expect(dora.page.locator("#self .who .tag")).to_have_class("tag alike")
