"""The voice panel by eye, ear and keys, in every state it can be in."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import pytest
from playwright.sync_api import expect

from tests.browser.calls import WIDE, connect, tile
from tests.browser.conftest import through
from tests.browser.module_scripts import run
from tests.browser.test_access import (
    DESKTOP,
    PHONE,
    SIDEWAYS,
    SMALL,
    SMALLEST,
    TOUCH_PX,
    complaints,
    reach,
)
from tests.browser.test_connection import without_a_server
from tests.browser.visitor import wait_until
from tests.browser.voice_person import VoicePerson
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Invite, Meet, VisitVoice
    from tests.browser.visitor import BrowserVisitor
    from tests.conftest import Serve
    from tests.support.client import Spot
    from tests.support.servers import Server
    from tests.support.turn import Turn

pytestmark = pytest.mark.browser

ALLOWED = ["geolocation", "microphone"]
REFUSE = """
  if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = () =>
    Promise.reject(new DOMException('', 'NotAllowedError'));
"""
NEVER = """
  if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = () => new Promise(() => {});
"""
# What is said to a reader of screens, in the order it is.
LISTEN = """() => {
  window.told = [];
  const regions = ":is(#voice, #voice-spoken) :is([role=status], [role=alert])";
  for (const region of document.querySelectorAll(regions)) {
    const note = () => region.textContent && window.told.push(region.textContent.trim());
    const all = { childList: true, characterData: true, subtree: true };
    new MutationObserver(note).observe(region, all);
  }
}"""
TOLD = "(words) => window.told.includes(words)"
SPEAKS = "(speaks) => Boolean(document.querySelector('.tile[data-speaks]')) === speaks"
HUSH = "(quiet) => { window.calls[0].getSenders()[0].track.enabled = !quiet; }"
# Each shade once: no rule of the panel's style sheet asks for a width and a shade.
SHADES: dict[int, Literal["light", "dark"]] = {PHONE["width"]: "light", DESKTOP["width"]: "dark"}


class Bring(Protocol):
    """Brings somebody into voice who needs no browser."""

    def __call__(self, server: Server, spot: Spot, name: str) -> VoicePerson: ...


class Around(NamedTuple):
    """Somebody in voice; bob, whom they hear; and a person in each state that needs no sound."""

    alice: BrowserVisitor
    bob: BrowserVisitor
    callers: dict[str, VoicePerson]


@pytest.fixture
def bring() -> Iterator[Bring]:
    with ExitStack() as stack:
        yield lambda server, spot, name: stack.enter_context(VoicePerson(server, spot, name))


@pytest.fixture
def around(serve: Serve, relay: Turn, visit_voice: VisitVoice, bring: Bring) -> Around:
    """One of the two calls there may be is bob's; the other never comes about. Time stands still on
    the page: it would count as failed after 20 s."""
    server = serve("uvicorn", {**through(relay), "VOICE_CONNECTIONS": "2"})
    spot = elsewhere()
    alice, bob = visit_voice(server, spot, **WIDE), visit_voice(server, north(spot, 2), **WIDE)
    connect(alice, bob)
    names = {"near": "W" * 24, "connecting": "Zeynep Zeynep Zeynep Zey"}
    states = ("near", "knocked", "declined", "connecting", "waiting", "knocks")
    callers = {state: bring(server, north(spot, 1), names.get(state, state)) for state in states}
    for state in ("knocked", "declined", "connecting", "waiting"):
        row(alice, callers[state]).locator('[data-act="knock"]').click()
        expect(row(alice, callers[state])).to_have_attribute("data-state", "knocked")
    alice.hold_time()
    callers["declined"].ask("decline", to=id_of(alice))
    for state in ("connecting", "waiting"):
        callers[state].ask("accept", to=id_of(alice))
        expect(row(alice, callers[state])).to_have_attribute("data-state", state)
    callers["knocks"].ask("knock", to=id_of(alice))
    for state, caller in callers.items():
        expect(row(alice, caller)).to_have_attribute("data-state", state)
    return Around(alice, bob, callers)


def id_of(one: BrowserVisitor) -> str:
    return str(one.page.locator("#self").get_attribute("data-person"))


def row(one: BrowserVisitor, caller: VoicePerson) -> Locator:
    return one.page.locator(f'.tile[data-person="{caller.person_id}"]')


def menu(one: BrowserVisitor) -> Locator:
    return one.page.get_by_role("dialog")


# ---- By eye --------------------------------------------------------------------------------------


def resize(page: Page, size: dict[str, int]) -> None:
    page.set_viewport_size({"width": size["width"], "height": size["height"]})


def assert_accessible(page: Page) -> None:
    """Axe finds nothing, on a phone and wide; nothing is too small or too wide."""
    page.evaluate("location.hash = 'voice'")  # on a phone the panel is a page of its own
    for size in (SMALLEST, PHONE, DESKTOP):
        resize(page, size)
        assert (page.evaluate(SIDEWAYS), page.evaluate(SMALL, TOUCH_PX)) == ([], [])
        if shade := SHADES.get(size["width"]):
            page.emulate_media(color_scheme=shade, reduced_motion="reduce")
            assert complaints(page) == []
    assert page.evaluate("document.getAnimations().length") == 0


def test_axe_finds_nothing_on_the_way_into_voice(server: Server, visit: Invite) -> None:
    alice = visit(server, elsewhere(), permissions=ALLOWED, **WIDE).arrive()
    page = alice.page
    assert_accessible(page)
    run(page, "(await load('voice/lifecycle')).startCheck()")
    expect(page.locator("#voice")).to_have_attribute("data-phase", "barred")
    assert_accessible(page)
    page.get_by_role("button", name="Talk directly").click()
    expect(page.locator("#voice-check-words")).to_contain_text("Say something")
    assert_accessible(page)
    page.locator("#voice-join").click()
    expect(page.locator("#voice-rest")).to_contain_text("Nobody else near")
    page.locator(".voice-more summary").click()
    page.locator("#voice-mute").click()
    assert_accessible(page)


@pytest.mark.parametrize(
    ("answer", "words"), [(NEVER, "Asking for the microphone"), (REFUSE, "No microphone")]
)
def test_axe_finds_nothing_without_a_microphone(
    server: Server, visit: Invite, answer: str, words: str
) -> None:
    alice = visit(server, elsewhere(), permissions=ALLOWED, **WIDE)
    alice.context.add_init_script(answer)
    page = alice.arrive().page
    alice.start_voice()
    expect(page.locator("#voice-check-words")).to_have_text(words)
    assert_accessible(page)
    page.locator("#voice-join").click()
    expect(page.locator("#voice-level-words")).to_have_text(words)
    assert_accessible(page)


def test_axe_finds_nothing_among_people_in_every_state(around: Around) -> None:
    alice, bob, callers = around
    assert_accessible(alice.page)
    row(alice, callers["waiting"]).get_by_role("button", name="More about").click()
    expect(menu(alice).get_by_role("button", name="Leave the line")).to_be_visible()
    assert_accessible(alice.page)
    alice.page.keyboard.press("Escape")
    tile(alice, bob).get_by_role("button", name="More about").click()
    expect(menu(alice).get_by_role("slider")).to_be_visible()
    assert_accessible(alice.page)


def test_axe_finds_nothing_while_connections_are_lost(around: Around, relay: Turn) -> None:
    alice, bob, callers = around
    bob.page.locator("#voice-mute").click()
    expect(tile(alice, bob)).to_contain_text("Muted")
    alice.hold_time(False)
    expect(row(alice, callers["connecting"])).to_have_attribute("data-state", "failed")
    alice.hold_time()
    relay.kill()
    expect(tile(alice, bob)).to_have_attribute("data-state", "reconnecting")
    assert_accessible(alice.page)
    bob.page.locator("#voice-leave").click()
    expect(tile(alice, bob)).to_have_attribute("data-state", "ended")
    assert complaints(alice.page) == []


def test_on_a_phone_the_line_above_the_composer_says_who_is_heard(around: Around) -> None:
    alice, bob, callers = around
    page = alice.page
    row(alice, callers["knocks"]).get_by_role("button", name="Not now").click()
    resize(page, PHONE)
    bar = page.locator("#voice-bar")
    expect(bar).to_contain_text(f"In voice with {bob.name}")
    assert (page.evaluate(SIDEWAYS), page.evaluate(SMALL, TOUCH_PX)) == ([], [])
    assert complaints(page) == []
    bar.get_by_role("button", name="Mute").click()
    expect(bar.get_by_role("button", name="Muted")).to_have_attribute("aria-pressed", "true")
    expect(tile(bob, alice)).to_contain_text("Muted")
    bar.get_by_role("link", name="Open").click()
    expect(tile(alice, bob)).to_be_visible()


# ---- By keys -------------------------------------------------------------------------------------


def test_the_whole_panel_can_be_used_by_keyboard(
    relayed: Server, visit: Invite, bring: Bring
) -> None:
    spot = elsewhere()
    anna, bela = (bring(relayed, north(spot, turn), name) for turn, name in ((1, "anna"), (2, "b")))
    alice = visit(relayed, spot, permissions=ALLOWED, **WIDE).arrive()
    page, press = alice.page, alice.page.keyboard.press
    reach(page, page.locator("#voice-start"))
    press("Enter")
    reach(page, page.get_by_role("button", name="Join", exact=True))
    press("Enter")
    expect(page.locator("#voice")).to_have_attribute("data-phase", "in")
    expect_kept(page)
    reach(page, row(alice, anna).get_by_role("button", name="Ask anna"))
    press("Enter")
    reach(page, row(alice, anna).get_by_role("button", name="Cancel asking anna"))
    press("Enter")
    bela.ask("knock", to=id_of(alice))
    expect(row(alice, bela)).to_have_attribute("data-state", "knocks")
    reach(page, row(alice, bela).get_by_role("button", name="Let in b"), "Shift+Tab")
    press("Enter")
    expect(row(alice, bela)).to_have_attribute("data-state", "connecting")
    expect_kept(page)
    more = row(alice, bela).get_by_role("button", name="More about b")
    reach(page, more)
    press("Enter")
    expect(menu(alice).get_by_role("button", name="End with b")).to_be_focused()
    press("Enter")
    expect(row(alice, bela)).to_have_attribute("data-state", "near")
    expect_kept(page)
    reach(page, page.get_by_role("switch", name="Hide my network address"))
    reach(page, page.locator(".voice-more summary"))
    press("Enter")
    reach(page, page.get_by_role("combobox", name="Microphone"))
    reach(page, page.get_by_role("switch", name="Quieter with distance"))
    reach(page, page.get_by_role("button", name="Mute", exact=True))
    press("Enter")
    expect(page.locator("#voice-level-words")).to_have_text("You are muted")
    reach(page, page.get_by_role("button", name="Hold to talk"))
    reach(page, page.get_by_role("button", name="Silence others"))
    reach(page, page.get_by_role("button", name="Leave voice"))
    press("Enter")
    expect(page.locator("#voice-start")).to_be_visible()
    expect_kept(page)


def expect_kept(page: Page) -> None:
    """The focus is in the panel, not lost to the page."""
    assert page.evaluate("document.getElementById('voice').contains(document.activeElement)")


def test_the_focus_stays_while_the_people_around_it_change(
    relayed: Server, visit_voice: VisitVoice, bring: Bring
) -> None:
    spot = elsewhere()
    alice, bob = visit_voice(relayed, spot, **WIDE), visit_voice(relayed, north(spot, 2), **WIDE)
    connect(alice, bob)
    ring = tile(alice, bob).get_by_role("button", name="More about")
    ring.focus()
    caller = bring(relayed, north(spot, 1), "caller")
    expect(row(alice, caller)).to_have_attribute("data-state", "near")
    expect(ring).to_be_focused()
    caller.ask("knock", to=id_of(alice))
    expect(alice.page.locator(".tile").first).to_have_attribute("data-state", "knocks")
    expect(ring).to_be_focused()
    bob.page.locator("#voice-leave").click()
    expect(tile(alice, bob)).to_have_attribute("data-state", "ended")
    expect_kept(alice.page)
    caller.ask("leave")
    expect(alice.page.locator("#voice-rest")).to_contain_text("Nobody else near")
    expect_kept(alice.page)


# ---- By ear --------------------------------------------------------------------------------------


def test_each_change_is_said_once_and_speaking_is_not(
    relayed: Server, visit_voice: VisitVoice, bring: Bring
) -> None:
    spot = elsewhere()
    caller = bring(relayed, north(spot, 2), "caller")
    alice, bob = visit_voice(relayed, spot, **WIDE), visit_voice(relayed, north(spot, 2), **WIDE)
    expect(alice.page.locator(".tile")).to_have_count(2)
    alice.page.evaluate(LISTEN)
    tile(alice, bob).locator('[data-act="knock"]').click()
    wait_until(alice.page, TOLD, f"You asked {bob.name} to talk")  # before the answer is there
    tile(bob, alice).get_by_role("button", name="Let in").click()
    for one, other in ((alice, bob), (bob, alice)):
        expect(tile(one, other)).to_have_attribute("data-state", "live")
    for _ in range(2):
        wait_until(alice.page, SPEAKS, True)
        bob.page.evaluate(HUSH, True)
        wait_until(alice.page, SPEAKS, False)
        bob.page.evaluate(HUSH, False)
    caller.ask("knock", to=id_of(alice))
    called = row(alice, caller).locator(".tag")
    expect(called).not_to_be_empty()
    name = f"caller {called.inner_text()}"
    # One after the other: what happens at once is said in one go.
    wait_until(alice.page, TOLD, f"{name} wants to talk, ~300 m")
    row(alice, caller).get_by_role("button", name="Not now").click()
    alice.page.locator("#voice-mute").click()
    wait_until(alice.page, TOLD, "You are muted")
    bob.page.locator("#voice-leave").click()
    expect(tile(alice, bob)).to_have_attribute("data-state", "ended")
    wait_until(alice.page, TOLD, f"{bob.name} left")
    assert alice.page.evaluate("window.told") == [
        f"You asked {bob.name} to talk",
        f"Connecting with {bob.name}",
        f"Connected with {bob.name}",
        f"{name} wants to talk, ~300 m",
        "You are muted",
        f"{bob.name} left",
    ]


def test_what_happens_at_once_is_said_in_one_go(relayed: Server, visit_voice: VisitVoice) -> None:
    alice = visit_voice(relayed, elsewhere(), **WIDE)
    alice.page.evaluate(LISTEN)
    alice.page.evaluate(
        """async () => {
          const { facts } = await import('/static/js/voice/calls/facts.js');
          const { scheduleRender } = await import('/static/js/voice/panel/renderer.js');
          facts.peers = ['Ana', 'Bo'].map((username, turn) => ({
            person_id: String(turn).repeat(16), username, distance: '~300 m', state: 'knocked',
          }));
          scheduleRender();
        }"""
    )
    wait_until(alice.page, "() => window.told.length")
    assert alice.page.evaluate("window.told") == ["You asked Ana to talk. You asked Bo to talk"]


def test_a_lost_server_is_said_once_and_forgotten_with_voice(serve: Serve, visit: Invite) -> None:
    server = serve("uvicorn")
    alice = without_a_server(visit(server, elsewhere(), permissions=ALLOWED, **WIDE)).arrive()
    alice.join_voice()
    expect(alice.page.locator("#voice")).to_have_attribute("data-phase", "in")
    alice.page.evaluate(LISTEN)
    server.kill()
    line = alice.page.locator("#voice-socket")
    expect(line).to_be_visible()
    wait_until(alice.page, "() => window.told.length")
    alice.page.locator("#voice-mute").click()
    wait_until(alice.page, "() => window.told.length > 1")
    words = "Reconnecting. Calls go on meanwhile."
    assert alice.page.evaluate("window.told") == [words, "You are muted"]
    alice.page.locator("#voice-leave").click()
    expect(alice.page.locator("#voice-start")).to_be_visible()
    expect(line).to_be_hidden()


# ---- In the list of people -----------------------------------------------------------------------


def test_whoever_is_in_voice_is_marked_in_the_list_of_people(
    server: Server, visit: Invite, meet: Meet, bring: Bring
) -> None:
    spot = elsewhere()
    meet(server, spot, "quiet")
    speaks = bring(server, north(spot, 1), "speaks")
    speaks.ask("join", policy="direct", instance="another-one")
    alice = visit(server, spot, permissions=ALLOWED, **WIDE).arrive()
    expect(alice.people).to_have_count(2)
    marks = alice.page.locator("#people-list .in-voice")
    expect(marks).to_have_count(0)
    alice.start_voice()
    alice.page.locator("#voice-join").click()
    expect(alice.person("speaks").locator(".in-voice")).to_have_text("in voice")
    expect(marks).to_have_count(1)
    # A mark outlives who comes.
    meet(server, spot, "comes")
    expect(alice.people).to_have_count(3)
    expect(alice.person("speaks").locator(".in-voice")).to_be_visible()
    expect(marks).to_have_count(1)
    speaks.ask("leave")
    expect(marks).to_have_count(0)
    speaks.ask("join", policy="direct", instance="another-one")
    expect(marks).to_have_count(1)
    alice.page.locator("#voice-leave").click()
    expect(marks).to_have_count(0)
