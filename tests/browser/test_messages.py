"""What is said: on its way, kept, refused, taken back, growing older, gone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.client import elsewhere, north

if TYPE_CHECKING:
    from playwright.sync_api import Locator, WebSocketRoute

    from tests.browser.conftest import Invite, Meet
    from tests.browser.visitor import Visitor
    from tests.conftest import Serve
    from tests.servers import Server

pytestmark = pytest.mark.browser

NO_LIMITS = {"RATE_LIMITS_SCALE": "1000"}
TICK_MS = 10_000  # how often the page lets its messages grow older
BELOW_PX = """() => {
  const { scrollHeight, scrollTop, clientHeight } = document.getElementById('scroller');
  return Math.round(scrollHeight - scrollTop - clientHeight);
}"""
SPARE_PX = """() => {
  const [end, scroller] = ['oldest', 'scroller'].map((id) => document.getElementById(id));
  return end.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
}"""
HOSTILE = (
    "<script>document.title = 'taken'</script>",
    "<img src=x onerror=document.title='taken' hx-on:click=alert(1)>",
    '<ol id="messages" hx-swap-oob="innerHTML"></ol>',
)


# ---- On its way ----------------------------------------------------------------------------------


def test_a_message_shows_as_sending_and_then_as_sent_once(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot).arrive()
    server.pause()
    try:
        alice.send("Is the bridge open on foot?")
        expect(alice.pending).to_have_attribute("data-state", "sending")
        expect(alice.pending.locator(".life")).to_have_text("Sending")
        expect(alice.pending.locator(".asking")).to_be_visible()
        expect(alice.page.locator("#text")).to_have_value("")
        assert alice.texts() == []
    finally:
        server.resume()
    row = alice.message("Is the bridge open on foot?")
    expect(row.locator(".life")).to_have_text("Sent, gone in 30 min")
    expect(row.locator(".remains")).to_have_attribute("stroke-dasharray", "30 30")
    expect(alice.pending).to_have_count(0)
    assert bob.await_frame("chat.message")["text"] == "Is the bridge open on foot?"
    alice.hear_back()
    assert alice.texts() == ["Is the bridge open on foot?"]


def test_the_fourth_quick_message_stays_in_the_composer_until_it_may_be_sent(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere()).arrive()
    for text in ("One.", "Two.", "Three."):
        alice.say(text)
    alice.send("Four.")
    refusal = alice.page.locator("#refusal .notice")
    expect(refusal).to_have_attribute("data-code", "too-fast")
    expect(refusal.locator("b")).to_have_text("That was quick.")
    seconds = refusal.locator(".why[aria-hidden]")
    expect(seconds).to_have_text(re.compile(r"You can send again in [456] s\."))
    expect(alice.page.locator("#text")).to_have_value("Four.")
    expect(alice.pending).to_have_count(0)
    expect(seconds).to_have_text(re.compile(r"You can send again in [123] s\."))
    expect(refusal).to_have_count(0)
    alice.page.locator("#text").press("Enter")
    expect(alice.message("Four.")).to_be_visible()
    assert alice.texts() == ["One.", "Two.", "Three.", "Four."]


def test_a_refused_message_does_not_push_out_what_is_being_written(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere()).arrive()
    for text in ("One.", "Two.", "Three."):
        alice.say(text)
    server.pause()
    try:
        alice.send("Four.")
        alice.write("And then")
    finally:
        server.resume()
    expect(alice.pending.locator(".life")).to_have_text("Not sent")
    expect(alice.page.locator("#text")).to_have_value("And then")
    put_back = alice.pending.get_by_role("button", name="Put back")
    put_back.click()
    expect(alice.page.locator("#text")).to_have_value("And then")
    alice.write("")
    put_back.click()
    expect(alice.page.locator("#text")).to_have_value("Four.")
    expect(alice.pending).to_have_count(0)


def test_a_draft_and_what_nobody_confirmed_survive_a_reload(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot).arrive()
    # A network that swallows every frame: the socket opens and nobody is behind it.
    swallowing = [True]

    def connect(socket: WebSocketRoute) -> None:
        if not swallowing[0]:
            socket.connect_to_server()

    alice.page.route_web_socket(re.compile("/ws"), connect)
    alice.page.reload()
    alice.expect_status("Live")
    expect(alice.page.locator("#loading")).to_have_text("Loading")
    alice.send("Sent into the blue.")
    alice.write("Half a sen")
    expect(alice.pending).to_have_attribute("data-state", "sending")
    swallowing[0] = False
    alice.page.reload()
    expect(alice.page.locator("#text")).to_have_value("Half a sen")
    expect(alice.message("Sent into the blue.").locator(".life")).to_have_text(
        "Sent, gone in 30 min"
    )
    expect(alice.pending).to_have_count(0)
    assert bob.await_frame("chat.message")["text"] == "Sent into the blue."
    alice.page.reload()
    alice.expect_here()
    expect(alice.message("Sent into the blue.")).to_have_count(1)


def test_on_a_phone_enter_is_a_new_line_and_the_button_sends(server: Server, visit: Invite) -> None:
    alice = visit(server, elsewhere(), has_touch=True, is_mobile=True).arrive()
    alice.send("Two lines,")
    alice.page.keyboard.type("one message.")
    assert alice.texts() == []
    alice.page.get_by_role("button", name="Send").tap()
    expect(alice.messages).to_have_count(1)
    assert alice.texts() == ["Two lines,\none message."]


def test_characters_are_counted_from_400_on_and_501_are_not_sent(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere()).arrive()
    counter = alice.page.locator("#counter")
    alice.write("x" * 399)
    expect(counter).to_be_hidden()
    alice.write("x" * 400)
    expect(counter).to_have_text("400 of 500")
    alice.send("x" * 501)
    expect(counter).to_have_text("501 of 500 characters. Take 1 out and send again.")
    expect(alice.page.locator("#text")).to_have_attribute("aria-invalid", "true")
    expect(alice.page.locator("#text")).to_have_value("x" * 501)
    alice.say("🚲" * 500)
    assert alice.texts() == ["🚲" * 500]


def test_markup_in_a_message_or_a_name_is_shown_as_it_was_typed(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "<b hx-get=/near>bob</b>")
    alice = visit(server, spot).arrive()
    for text in HOSTILE:
        bob.say(text)
    expect(alice.messages).to_have_count(3)
    assert alice.texts() == [*HOSTILE]
    expect(alice.messages.first.locator(".name")).to_have_text(bob.name)
    expect(alice.person(bob.name)).to_be_visible()
    alice.say(f"{HOSTILE[1]} too")
    expect(alice.page).to_have_title("Near, 500 m")


# ---- Taken back ----------------------------------------------------------------------------------


def test_your_own_message_can_be_removed_and_is_gone_everywhere(
    server: Server, visit: Invite
) -> None:
    spot = elsewhere()
    alice = visit(server, spot).arrive()
    bob = visit(server, north(spot, 2)).arrive()
    alice.say("The wrong window.")
    alice.say("The right one.")
    expect(bob.message("The right one.")).to_be_visible()
    expect(bob.page.get_by_role("button", name="Your message")).to_have_count(0)

    row = alice.message("The wrong window.")
    row.get_by_role("button", name="Your message").click()
    row.get_by_role("button", name="Remove for everyone").click()
    for one in (alice, bob):
        expect(one.message("The wrong window.")).to_have_count(0)
        one.page.reload()
        one.expect_here()
        assert one.texts() == ["The right one."]


# ---- Reading -------------------------------------------------------------------------------------


def test_whoever_arrives_is_shown_what_was_said_and_can_read_back_to_its_beginning(
    serve: Serve, visit: Invite, meet: Meet
) -> None:
    server = serve(env=NO_LIMITS)
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    said = [f"Line {turn}." for turn in range(230)]
    for text in said:
        bob.say(text)
    alice = visit(server, spot, clock=True).arrive()
    alice.page.clock.run_for(4000)  # where it shows the top, the page asks by itself by then
    assert alice.texts() == said[30:]
    expect(alice.message("Line 229.")).to_be_in_viewport()
    expect(alice.messages.first.locator(".far")).to_have_text("~300 m")
    end = alice.page.locator("#oldest")
    expect(end).to_be_hidden()
    top_of(alice)
    expect(alice.messages).to_have_count(230)
    top_of(alice)
    expect(end).to_have_text("Older than 30 minutes is gone")
    assert alice.texts() == said


def test_the_conversation_stands_still_while_you_read_back_and_counts_what_comes(
    serve: Serve, visit: Invite, meet: Meet
) -> None:
    server = serve(env=NO_LIMITS)
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    for turn in range(40):
        bob.say(f"Line {turn}.")
    alice = visit(server, spot).arrive()
    more = alice.page.locator("#more")
    expect(more).to_be_hidden()
    bob.say("At the end.")
    expect(alice.message("At the end.")).to_be_in_viewport()
    expect(more).to_be_hidden()

    alice.page.locator("#scroller").hover()
    alice.page.mouse.wheel(0, -900)
    alice.page.wait_for_function(
        "(place) => place.scrollHeight - place.scrollTop - place.clientHeight > 800",
        arg=alice.page.locator("#scroller").element_handle(),
    )
    read = alice.message("Line 20.")
    before = place_of(read)
    bob.say("One more.")
    expect(more).to_have_text("1 new message")
    bob.say("And another.")
    expect(more).to_have_text("2 new messages")
    removed = bob.say("Not this.")
    expect(more).to_have_text("3 new messages")
    bob.remove(removed)
    expect(alice.message("Not this.")).to_have_count(0)
    assert place_of(read) == before

    more.click()
    expect(alice.message("And another.")).to_be_in_viewport()
    expect(more).to_be_hidden()


def test_a_short_conversation_stands_at_the_end_under_the_words_that_say_what_is_gone(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    said = [bob.say(text) for text in ("One.", "Two.", "Three.")]
    phone = {"width": 360, "height": 740}
    alice = visit(server, spot, viewport=phone, clock=True).arrive()
    end = alice.page.locator("#oldest")
    alice.page.clock.run_for(4000)  # by then the page has asked for what was before
    expect(end).to_be_visible()
    expect(alice.messages).to_have_count(3)
    gap = place_of(alice.messages.first) - place_of(end)
    assert 0 < gap < 50, "right above the first message"
    alice.say("Four.")
    expect(alice.message("Four.")).to_be_in_viewport(ratio=1)
    # Less room from below, as with a keyboard: the end stays in sight.
    alice.page.set_viewport_size({"width": 360, "height": 520})
    expect(alice.message("Four.").locator(".life")).to_be_in_viewport(ratio=1)
    assert alice.page.evaluate(BELOW_PX) == 0
    # So little that the words about the end take the room that was left.
    spare = alice.page.evaluate(SPARE_PX)
    alice.page.set_viewport_size({"width": 360, "height": 520 - int(spare)})
    alice.page.reload()
    alice.expect_here()
    alice.page.clock.run_for(4000)
    expect(end).not_to_have_attribute("hidden", "")
    assert alice.page.evaluate(BELOW_PX) == 0

    for one in said:
        bob.remove(one)
    alice.message("Four.").get_by_role("button", name="Your message").click()
    alice.page.get_by_role("button", name="Remove for everyone").click()
    expect(alice.messages).to_have_count(0)
    expect(end).to_be_hidden()


def test_the_title_counts_what_comes_while_the_page_is_hidden(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot).arrive()
    bob.say("Seen.")
    expect(alice.message("Seen.")).to_be_visible()
    expect(alice.page).to_have_title("Near, 500 m")
    alice.hide()
    bob.say("Missed.")
    expect(alice.page).to_have_title("(1) Near, 500 m")
    bob.say("Missed too.")
    expect(alice.page).to_have_title("(2) Near, 500 m")
    alice.hide(False)
    expect(alice.page).to_have_title("Near, 500 m")


# ---- Time ----------------------------------------------------------------------------------------


def test_a_message_ages_minute_by_minute_and_is_gone_when_its_time_is_over(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot, clock=True).arrive()
    alice.page.clock.pause_at(alice.page.evaluate("Date.now() + 1000"))
    bob.say("Soon gone.")
    row = alice.message("Soon gone.")
    expect(row).to_have_attribute("data-age", "0")
    for minutes, age in ((30, 0), (29, 0), (24, 1), (14, 3), (2, 5), (1, 5)):
        alice.pass_time(left_ms(alice, row) - minutes * 60_000 + TICK_MS)
        expect(row.locator(".minutes")).to_have_text(str(minutes))
        expect(row.locator(".remains")).to_have_attribute("stroke-dasharray", f"{minutes} 30")
        expect(row).to_have_attribute("data-age", str(age))
    alice.pass_time(left_ms(alice, row) - 1)
    assert left_ms(alice, row) == 1
    expect(row).to_be_visible()
    alice.page.clock.run_for(1)
    expect(row).to_have_count(0)


def test_what_is_over_on_the_server_is_over_on_the_page_and_in_its_history(
    serve: Serve, visit: Invite, meet: Meet
) -> None:
    server = serve(env={"MESSAGE_LIFE_SECONDS": "3"})
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    alice = visit(server, spot).arrive()
    bob.say("Soon gone.")
    expect(alice.message("Soon gone.")).to_be_visible()
    expect(alice.message("Soon gone.")).to_have_count(0)
    heard = len(alice.heard)
    alice.page.reload()
    alice.expect_here()
    assert alice.texts() == []
    # Nor is it on the wire: the page would hide it by itself.
    told = alice.page.evaluate("fetch('/api/messages').then((answer) => answer.json())")
    assert told == {"messages": []}
    assert [frame for frame in alice.heard[heard:] if "Soon gone." in frame] == []


def test_time_follows_the_servers_clock_where_the_device_is_off_by_minutes(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    bob = meet(server, north(spot, 2), "bob")
    bob.say("Still fresh.")
    alice = visit(server, spot)
    # Installed later than it says: this device is 40 minutes ahead.
    alice.context.clock.install()
    alice.context.clock.fast_forward(40 * 60_000)
    alice.arrive()
    expect(alice.message("Still fresh.").locator(".minutes")).to_have_text("30")


# ---- Your reach ----------------------------------------------------------------------------------


def test_an_empty_place_offers_to_reach_further(server: Server, visit: Invite, meet: Meet) -> None:
    spot = elsewhere()
    meet(server, north(spot, 5), "bob", radius=2000)
    alice = visit(server, spot).arrive()
    expect(alice.page.locator("#nobody h2")).to_have_text("Nobody within 500 m yet")
    expect(alice.page.locator("#audience")).to_have_text("Nobody yet. It waits 30 minutes.")
    alice.page.get_by_role("button", name="Reach 1 km").click()
    expect(alice.page.locator("#reach-output")).to_have_text("1 km")
    expect(alice.page.locator("#radius")).to_be_focused()
    expect(alice.person("bob")).to_be_visible()
    expect(alice.page.locator("#nobody")).to_be_hidden()
    expect(alice.page).to_have_title("Near, 1 km")


def test_an_empty_place_hands_out_its_link(server: Server, visit: Invite) -> None:
    alice = visit(
        server, elsewhere(), permissions=["geolocation", "clipboard-read", "clipboard-write"]
    ).arrive()
    alice.page.get_by_role("button", name="Share link").click()
    expect(alice.page.locator("#told")).to_have_text("Link copied.")
    assert alice.page.evaluate("navigator.clipboard.readText()") == f"{alice.url}/"


def test_an_empty_place_says_when_someone_comes(server: Server, visit: Invite, meet: Meet) -> None:
    spot = elsewhere()
    alice = visit(server, spot).arrive()
    tell = alice.page.get_by_role("button", name="Tell me when someone comes")
    tell.click()
    expect(tell).to_have_attribute("aria-pressed", "true")
    expect(alice.page.locator("#told")).to_have_text("This page’s title will say it. Keep it open.")
    alice.hide()
    meet(server, north(spot, 2), "bob")
    expect(alice.page).to_have_title("Someone is near. Near, 500 m")


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
    alice.page.route("**/api/location/update", lambda route: route.abort())
    alice.reach(9)
    notice = alice.page.locator("#alerts .notice")
    expect(notice).to_contain_text("Your reach did not change.")
    expect(output).to_have_text("1 km")
    expect(slider).to_have_value("7")
    alice.page.unroute("**/api/location/update")
    notice.get_by_role("button", name="Try again").click()
    expect(output).to_have_text("2 km")
    expect(notice).to_have_count(0)


# ---- Your name -----------------------------------------------------------------------------------


def test_the_name_editor_says_how_many_changes_are_left_until_they_are_used_up(
    server: Server, visit: Invite
) -> None:
    spot = elsewhere()
    bob = visit(server, north(spot, 2)).arrive()
    alice = visit(server, spot).arrive()
    alice.say("Under my first name.")
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
    alice.say("Under my last name.")
    expect(bob.message("Under my last name.").locator(".name")).to_have_text("Alice 3")


def test_two_of_the_same_name_are_told_apart_by_their_tags(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    meet(server, north(spot, 2), "Ana")
    alice = visit(server, spot).arrive()
    alice.page.locator("#rename-open").click()
    rename(alice, "Ana")
    tag = alice.page.locator("#self .who .tag").inner_text()
    expect(alice.page.locator("#self > div .quiet")).to_have_text(
        f"Two people near you are called Ana. Your tag, {tag}, tells you apart."
    )


def rename(visitor: Visitor, name: str) -> None:
    visitor.page.locator("#username").fill(name)
    visitor.page.locator("#username").press("Enter")


def top_of(visitor: Visitor) -> None:
    visitor.page.locator("#scroller").evaluate("(scroller) => { scroller.scrollTop = 0; }")


def place_of(row: Locator) -> float:
    box = row.bounding_box()
    assert box
    return box["y"]


def left_ms(visitor: Visitor, row: Locator) -> int:
    """What the page's own clock leaves of a message's life."""
    return int(
        row.evaluate(
            """async (row) => row.dataset.expires - (await import('/static/js/clock.js')).now()"""
        )
    )
