"""What the page makes of the people that it is told of: all of them once, then changes."""

from __future__ import annotations

import random
import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from presence.delivery import panel
from presence.geo import label_m, label_of
from presence.roster import SHOWN_MAX, Entry, Listing, difference
from tests.browser.calls import WIDE
from tests.browser.voice_person import VoicePerson
from tests.support.client import elsewhere, north
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Invite, Meet
    from tests.browser.visitor import BrowserVisitor
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

SEQUENCES, STEPS = 40, 8
CROWD_FROM = 24
ONE_IN_ARABIC = "شخص واحد"
LABELS_M = (0, 50, 300, 1200)
NAMES = ("ana", "<b>bo", "ćem", "Quiet Heron")
# Far from what the server of the page counts.
VERSION = 700_000

# As htmx hands a piece of a frame to the page.
SWAP = """(html) => {
  const list = document.getElementById('people-list');
  for (const fragment of new DOMParser().parseFromString(html, 'text/html').body.children) {
    const detail = { target: list, fragment, shouldSwap: true };
    list.dispatchEvent(new CustomEvent('htmx:oobBeforeSwap', { detail, bubbles: true }));
  }
  return list.querySelectorAll('.person-row').length;
}"""
SHOWN = """() => ({
  count: document.getElementById('people-count').dataset.count,
  groups: [...document.querySelectorAll('#people-list .group')].map((group) => [
    ...[...group.children].map((part) => part.textContent),
    [...group.nextElementSibling.children].map((row) => [
      row.querySelector('.name').textContent,
      row.querySelector('.tag').textContent,
      row.querySelector('.in-voice .unseen')?.textContent ?? '',
    ]),
  ]),
  button: document.querySelector(':not([hidden]) > #voice-doors-count')?.textContent ?? '',
  talking: document.getElementById('voice').hasAttribute('data-doors')
    ? [...document.querySelectorAll('#voice-open-words bdi')].map((name) => name.textContent)
    : [],
  rest: document.getElementById('people-rest').textContent,
  rings: document.querySelectorAll('#rings circle').length,
  crowds: [...document.querySelectorAll('#crowds text')].map((text) => text.textContent),
  zones: [...document.querySelectorAll('#counts:not([hidden]) li')].map((zone) => zone.textContent),
  stops: document.querySelectorAll('#people-list [tabindex="0"]').length,
})"""


class PageStreet:
    """People in reach of a page, and the frames that tell it of them."""

    def __init__(self, page: Page, seed: int) -> None:
        self.page = page
        self.chance = random.Random(seed)
        self.people: dict[str, Entry] = {}
        self.turn = 0
        self.version = VERSION * (seed + 1)
        self.listing = Listing({}, {})
        self.send_all()

    def come(self, count: int, label_m: int | None = None) -> None:
        for _ in range(count):
            self.turn += 1
            one = f"{self.chance.randrange(16**12):012x}{self.turn:04x}"
            far = self.chance.choice(LABELS_M) if label_m is None else label_m
            self.people[one] = Entry(far, one, self.chance.choice(NAMES), self.opens())

    def opens(self) -> bool:
        """Whether somebody is in voice with an open door."""
        return self.chance.random() < 0.2

    def leave(self, count: int) -> None:
        for one in self.chance.sample(sorted(self.people), count):
            del self.people[one]

    def change(self) -> None:
        for one in self.chance.sample(sorted(self.people), min(2, len(self.people))):
            far, name = self.chance.choice(LABELS_M), self.chance.choice(NAMES)
            self.people[one] = Entry(far, one, name, self.opens())

    def act(self) -> None:
        chance = self.chance
        match chance.choice(["come", "leave", "change"]):
            case "come":
                self.come(chance.choice([1, 3, 30]))
            case "leave":
                self.leave(chance.randrange(len(self.people) + 1))
            case _:
                self.change()

    def now(self) -> Listing:
        nearest = sorted(self.people.values())[:SHOWN_MAX]
        totals = Counter(one.label_m for one in self.people.values())
        return Listing({one.person_id: one for one in nearest}, totals)

    def send_all(self) -> None:
        self.listing = self.now()
        self.page.evaluate(SWAP, panel.people_html(self.listing, 500, self.version))

    def send_change(self) -> int:
        """How many rows the page shows then."""
        before, self.listing = self.listing, self.now()
        self.version += 1
        change = difference(before, self.listing)
        return int(self.page.evaluate(SWAP, panel.changed_html(self.version, change)))

    def due(self) -> dict[str, Any]:
        """What the page is to show."""
        people, totals = [*self.listing.people.values()], self.listing.totals
        far = sorted({one.label_m for one in people})
        rest = self.listing.count - len(people)
        few = [one for one in people if totals[one.label_m] < 6]
        doors = [one.name for one in people if one.is_open]
        return {
            "count": str(self.listing.count),
            "groups": [
                [
                    label_of(label_m),
                    str(totals[label_m]),
                    [row_of(one) for one in people if one.label_m == label_m],
                ]
                for label_m in far
            ],
            "button": str(len(doors)) if doors else "",
            "talking": doors if len(doors) <= 3 else doors[:2],
            "rest": f"And {rest} more, further away." if rest else "",
            **self.dial(few, totals),
            "stops": min(1, len(people)),
        }

    def dial(self, few: list[Entry], totals: Mapping[int, int]) -> dict[str, Any]:
        """A ring for each person, or for each zone of a crowd."""
        zones = [
            sum(total for far, total in totals.items() if low < far <= high)
            for low, high in pairwise((-1, 100, 200, 500, 1000, 2000))
        ]
        if self.listing.count >= CROWD_FROM:
            numbers = [str(zone) if zone else "" for zone in zones]
            return {"rings": len([zone for zone in zones if zone]), "crowds": [], "zones": numbers}
        crowds = [str(total) for _, total in sorted(totals.items()) if total >= 6]
        return {"rings": len(few), "crowds": crowds, "zones": []}


def row_of(one: Entry) -> list[str]:
    return [one.name, panel.tag(one.person_id), "talks openly" if one.is_open else ""]


def test_what_the_page_makes_of_changes_is_what_a_whole_list_would_show(
    server: Server, visit: Invite
) -> None:
    page = visit(server, elsewhere()).arrive().page
    for seed in range(SEQUENCES):
        street = PageStreet(page, seed)
        for _ in range(STEPS):
            for _ in range(2):
                street.act()
            street.send_change() if street.chance.random() < 0.9 else street.send_all()
            assert page.evaluate(SHOWN) == street.due(), seed


def test_focus_menu_and_scroll_stay_while_thirty_people_come_and_go(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere(), viewport={"width": 1440, "height": 500}).arrive()
    page, street = alice.page, PageStreet(alice.page, 1)
    street.come(20, label_m=300)
    street.send_change()
    fifth = [*street.listing.people.values()][4]
    button = page.locator(f'#people-list [data-person="{fifth.person_id}"] button')
    button.focus()
    page.evaluate(SCROLL, 80)
    before = height(button)

    def come_and_go() -> None:
        stay = dict(street.people)
        for turn in range(30):
            street.come(1, label_m=turn % 2 * 300)
            street.send_change()
        assert page.locator("#people-list .person-row").count() == 50
        street.people = stay
        street.send_change()

    come_and_go()
    expect(button).to_be_focused()
    assert abs(height(button) - before) < 1
    button.click()
    come_and_go()
    expect(page.locator("#menu .name")).to_have_text(fifth.name)
    page.keyboard.press("Escape")
    expect(button).to_be_focused()


def test_the_number_of_a_crowd_stands_clear_of_the_one_at_the_next_distance(
    server: Server, visit: Invite
) -> None:
    page = visit(server, elsewhere()).arrive().page
    labels = sorted({label_m(metres) for metres in range(2001)})
    sides = page.evaluate(SIDES, labels)
    assert all(one != after for one, after in pairwise(sides))


def height(locator: Locator) -> float:
    box = locator.bounding_box()
    assert box
    return box["y"]


SIDES = """async (labels) => {
  const { crowdY } = await import('/static/js/people/dial.js');
  return labels.map(crowdY);
}"""
# The server hears nothing of who asks for the list.
DEAF = """() => {
  window.asked = 0;
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (frame) {
    if (!frame.includes('"type":"people"')) return send.call(this, frame);
    window.asked += 1;
  };
}"""
SCROLL = "(px) => (document.getElementById('people').scrollTop = px)"


def test_a_change_that_does_not_follow_is_not_shown_and_the_whole_list_asked_for(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere()).arrive()
    street = PageStreet(alice.page, 0)
    street.come(3)
    street.version += 1  # a change was lost
    answered = len(alice.received)
    assert street.send_change() == 0
    wait(alice, lambda: any('"type":"people"' in frame for frame in alice.sent), "the page asks")
    wait(alice, lambda: any("data-radius" in one for one in alice.received[answered:]), "an answer")
    street.send_change()  # of a version that the server never counted to
    expect(alice.people).to_have_count(0)


def test_a_list_that_was_not_answered_is_asked_for_again_until_it_comes(
    server: Server, visit: Invite
) -> None:
    """As where asking was refused for haste: no other change need come before."""
    alice = visit(server, elsewhere(), clock=True).arrive()
    alice.stop_time()
    alice.page.evaluate(DEAF)
    street = PageStreet(alice.page, 0)
    street.come(1)
    street.version += 1  # a change was lost
    street.send_change()
    for asked in (1, 2, 3):
        assert alice.page.evaluate("window.asked") == asked
        alice.pass_time(6_000)
    street.send_all()
    assert alice.page.evaluate("window.asked") == 4
    alice.pass_time(18_000)
    assert alice.page.evaluate("window.asked") == 4


def wait(visitor: BrowserVisitor, holds: Callable[[], bool], what: str) -> None:
    until(holds, what, pause=lambda: visitor.page.wait_for_timeout(20))


# ---- Who talks openly ----------------------------------------------------------------------------


def test_who_talks_openly_stands_before_the_way_in_and_one_tap_joins_them(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere(), permissions=["geolocation", "microphone"], **WIDE).arrive()
    page, street = alice.page, PageStreet(alice.page, 1)
    join_them, words = page.locator("#voice-join-them"), page.locator("#voice-open-words")
    expect(join_them).to_be_hidden()
    street.people = {f"{turn:016x}": Entry(0, f"{turn:016x}", "Ana", True) for turn in range(4)}
    street.send_change()
    tags = [panel.tag(one) for one in list(street.people)[:2]]
    named = f"Ana {tags[0]}, Ana {tags[1]} and 2 more."
    expect(words).to_have_text(f"4 people talk openly near you: {named}")
    expect(alice.person("Ana").first.locator(".in-voice")).to_have_text("talks openly")
    # What goes leaves the focus to the way in that stays.
    join_them.focus()
    street.people = {one: entry._replace(is_open=False) for one, entry in street.people.items()}
    street.send_change()
    expect(join_them).to_be_hidden()
    expect(page.locator("#voice-start")).to_be_focused()
    expect(alice.person("Ana").first.locator(".in-voice")).to_have_count(0)
    street.people = {one: entry._replace(is_open=True) for one, entry in street.people.items()}
    street.send_change()
    join_them.click()
    expect(page.locator("#voice")).not_to_have_attribute("data-phase", "out")
    expect(words).to_be_hidden()


def test_the_button_of_voice_says_how_many_talk_openly_and_in_voice_how_many_are_in_it(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere(), viewport={"width": 600, "height": 700}).arrive()
    street = PageStreet(alice.page, 2)
    link = alice.page.locator("#voice-link")
    expect(link).to_have_accessible_name("Voice")
    street.people = {f"{turn:016x}": Entry(0, f"{turn:016x}", "Bo", True) for turn in range(4)}
    street.send_change()
    expect(link).to_have_accessible_name("Voice · 4 talking openly")
    # In one turn: voice, once it is loaded, writes its own count.
    display = alice.page.evaluate(
        """() => {
        const find = (part) => document.getElementById(`voice-${part}`);
        const [count, doors] = ['count', 'doors'].map(find);
        const shown = () => getComputedStyle(doors).display;
        count.textContent = '';
        const before = shown();
        count.textContent = ' 7';
        return [before, shown()];
        }"""
    )
    assert display[0] != "none"
    assert display[1] == "none"


def test_a_door_is_seen_from_outside_of_voice_while_it_is_open(
    server: Server, visit: Invite
) -> None:
    spot = elsewhere()
    alice = visit(server, spot, **WIDE).arrive()
    words = alice.page.locator("#voice-open-words")
    join = {"policy": "direct", "instance": "another-one"}
    with VoicePerson(server, north(spot, 1), "Ana") as ana:
        ana.ask("join", **join, door="open")
        expect(words).to_have_text("1 person talks openly near you: Ana.")
        expect(alice.person("Ana").locator(".in-voice .unseen")).to_have_text("talks openly")
        ana.ask("join", **join, door="ask")
        expect(words).to_be_hidden()
        expect(alice.person("Ana").locator(".in-voice")).to_have_count(0)


def test_how_many_are_near_is_seen_in_a_language_that_says_it_by_a_word_alone(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    page = visit(server, spot, locale="ar").page
    page.goto(server.url)
    page.locator("#arrive").click()
    page.wait_for_url("**/near")
    meet(server, north(spot, 2), "bob")
    count = page.locator("#people-count")
    expect(count.locator("> .unseen")).to_have_text(ONE_IN_ARABIC)
    expect(count.locator("> [aria-hidden]")).to_have_text(re.compile(r"^\d$"))
