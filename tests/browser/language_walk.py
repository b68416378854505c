"""Through every page and state of one visit, by what is on the page in any language."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.interceptor import Interceptor, await_sockets
from tests.browser.module_scripts import run
from tests.browser.socket_person import SocketPerson
from tests.browser.voice_person import VoicePerson
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.browser.visitor import BrowserVisitor
    from tests.support.servers import Server

WORDS = ("/", "/privacy", "/rules", "/safety", "/terms", "/offline", "/nowhere", "/admin/login/")
# Said and called in letters that no translation of ours is looked for in.
OTHERS = ("Олена", "Юрій")
SAID = "Привіт, як справи?"
MENU = "#menu"
NOTICE = "#alerts .notice:not(#undo)"


def walk(alice: BrowserVisitor, server: Server, paths: tuple[str, ...] = WORDS) -> Iterator[str]:
    """Each page and state, by a name for whoever reads what is wrong with it."""
    alice.forgive("status of 404")
    for path in paths:
        alice.page.goto(alice.url + path)
        yield path
    yield from visit(alice, server)


def visit(alice: BrowserVisitor, server: Server) -> Iterator[str]:
    wire = Interceptor()
    alice.context.route_web_socket(re.compile(r"/ws($|\?)"), wire.open)
    with ExitStack() as stack:
        arrive(alice)
        yield "alone"
        spot = elsewhere()
        olena = stack.enter_context(SocketPerson(server, north(spot, 2), OTHERS[0], 500))
        olena.send_text(SAID)
        alice.stand(*spot)
        expect(alice.message(SAID)).to_be_visible()
        yield from among_others(alice)
        yield from sheets(alice)
        other = stack.enter_context(DirectPerson(server, north(spot, 1), OTHERS[1]))
        yield from voice(alice, other)
        yield from troubles(alice, wire)
        yield from end(alice)


def arrive(alice: BrowserVisitor) -> None:
    alice.page.goto(alice.url)
    alice.page.locator("#arrive").click()
    alice.page.wait_for_url("**/near")
    expect(alice.page.locator("#status")).to_have_attribute("data-state", "live")
    expect(alice.page.locator("#loading")).to_have_count(0)


class DirectPerson(VoicePerson):
    """Talks where there is no relay."""

    policy = "direct"


def among_others(alice: BrowserVisitor) -> Iterator[str]:
    page = alice.page
    for name, steps in (("theirs", ("block", "report")), ("ours", ())):
        if name == "ours":
            answer(alice)
        rings = page.locator("#messages .message.mine .o" if name == "ours" else "#messages .o")
        rings.first.click()
        expect(page.locator(MENU)).to_be_visible()
        yield f"menu of a message, {name}"
        for step in steps:
            page.locator(f'{MENU} [data-act="{step}"]:visible').first.click()
            yield f"{step}, of a message"
            page.locator(f'{MENU} [data-act="back"]:visible').click()
        page.keyboard.press("Escape")
        expect(page.locator(MENU)).to_be_hidden()
    yield "people and messages"
    go(page, "people")
    alice.people.first.locator("button").first.click()
    yield "menu of a person"
    page.locator(f'{MENU} [data-act="report"]:visible').click()
    yield "report of a person"
    page.keyboard.press("Escape")
    page.locator("#rename-open").click()
    yield "the name editor"
    page.keyboard.press("Escape")
    go(page, "chat")


def answer(alice: BrowserVisitor) -> None:
    """A reaction, and an answer that quotes what it answers."""
    page = alice.page
    page.locator("#messages .o").first.click()
    page.locator("#menu-reactions button").first.click()
    if page.locator(MENU).is_hidden():
        page.locator("#messages .o").first.click()
    page.locator(f'{MENU} [data-act="reply"]').click()
    expect(page.locator("#reply")).to_be_visible()
    alice.submit("Добре.")
    time = page.locator("#messages .message.mine time")
    expect(time).to_have_attribute("data-ago", re.compile("."))


def sheets(alice: BrowserVisitor) -> Iterator[str]:
    page = alice.page
    # On a phone somebody is invited from among the people.
    for panel, sheet in (("chat", "settings"), ("people", "invite")):
        go(page, panel)
        page.locator(f'[data-opens="{sheet}"]').locator("visible=true").first.click()
        expect(page.locator(f"#{sheet}")).to_be_visible()
        yield sheet
        page.keyboard.press("Escape")
    go(page, "chat")
    alice.reach(7)
    yield "a reach that was changed"
    alice.write("ж" * 495)
    expect(page.locator("#counter")).to_be_visible()
    yield "hardly any letters left"
    alice.write("")


def voice(alice: BrowserVisitor, other: VoicePerson) -> Iterator[str]:
    page, panel = alice.page, alice.page.locator("#voice")
    go(page, "voice")
    yield "out of voice"
    # As somebody would come there whose page learns only then that there is no relay.
    run(page, "(await load('voice/lifecycle')).startCheck()")
    expect(panel).to_have_attribute("data-phase", "barred")
    yield "voice without a relay"
    page.locator("#voice-notices button").first.click()
    expect(panel).to_have_attribute("data-phase", "check")
    expect(page.locator("#voice-join")).to_be_enabled()
    yield "on the way into voice"
    page.locator("#voice-join").click()
    expect(panel).to_have_attribute("data-phase", "in")
    page.locator(".voice-more summary").click()
    expect(page.locator(f'#voice-tiles [data-person="{other.person_id}"]')).to_be_visible()
    yield "in voice"
    go(page, "chat")
    yield "in voice, with the chat in sight"
    go(page, "voice")
    page.locator("#voice-leave").click()
    go(page, "chat")


def troubles(alice: BrowserVisitor, wire: Interceptor) -> Iterator[str]:
    page, count = alice.page, len(wire.sockets)
    alice.context.clear_permissions()
    page.reload()
    expect(page.locator(NOTICE).first).to_be_visible()
    yield "a location that is off"
    await_sockets(page, wire, count + 1, "a socket")
    expect(page.locator("#status")).to_have_attribute("data-state", "live")
    alice.forgive("ERR_INTERNET_DISCONNECTED")
    alice.forgive("[object Event]")  # how htmx says the same
    alice.context.set_offline(True)
    wire.close(1012)
    expect(page.locator("#status")).not_to_have_attribute("data-state", "live")
    yield "offline"
    alice.context.set_offline(False)
    expect(page.locator("#status")).to_have_attribute("data-state", "live")


def end(alice: BrowserVisitor) -> Iterator[str]:
    """The visit was ended in another tab."""
    page = alice.page
    token = page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    alice.context.request.post(f"{alice.url}/api/session/leave", headers={"X-CSRFToken": token})
    expect(alice.messages).to_have_count(0)
    yield "an ended visit"


def go(page: Page, panel: str) -> None:
    """On a phone each panel is a page of its own."""
    page.evaluate("(panel) => { location.hash = panel; }", panel)
