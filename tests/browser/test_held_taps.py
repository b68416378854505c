"""Taps that meant what has gone, or moved on, do nothing; keys are not held up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.module_scripts import run
from tests.browser.test_voice_doors import here
from tests.browser.visitor import wait_until
from tests.support.client import elsewhere

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Invite
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

# What a finger and a key do, in the same turn as the change: no clock is waited for. `ask` has
# these people ask, and `acts` are what was done about whom.
HANDS = """async () => {
  const load = (name) => import(`/static/js/voice/${name}.js`);
  const { facts } = await load('calls/facts');
  const { display, scheduleRender } = await load('panel/renderer');
  const click = (detail, [clientX, clientY] = []) =>
    new MouseEvent('click', { detail, clientX, clientY, bubbles: true, cancelable: true });
  const isAt = (control, [x, y]) => {
    const { left, top, right, bottom } = control.getBoundingClientRect();
    return x > left && x < right && y > top && y < bottom;
  };
  Object.assign(window, {
    display,
    middleOf(control) {
      const { left, top, width, height } = control.getBoundingClientRect();
      return [left + width / 2, top + height / 2];
    },
    at: (place) => [...document.querySelectorAll('button')].find((one) => isAt(one, place)),
    tap: (place) => document.elementFromPoint(...place)?.dispatchEvent(click(1, place)),
    press: (control) => control.dispatchEvent(click(0)),
    letIn(place, id) {
      return document.querySelector(`${place} [data-person="${id}"] [data-act="accept"]`);
    },
    acts: () => [...facts.acts].map(([id, { verb }]) => [verb, id]),
    async ask(...ids) {
      facts.acts.clear();
      facts.peers = ids.map((id) => ({
        person_id: id, username: `Ana ${id[0]}`, distance: '~300 m', state: 'knocks', door: 'ask',
      }));
      scheduleRender();
      await null;
    },
    async steady() {
      const end = performance.now() + 60_000;
      while (document.querySelector('[data-held]') && performance.now() < end) {
        await new Promise((done) => setTimeout(done, 20));
      }
      if (performance.now() >= end) throw new Error('taps are held for a minute');
    },
  });
}"""
ANA, BO = "a" * 16, "b" * 16
# `moved` is whether the control of who is left lies where that of who is gone lay.
GONE = """const [place, gone, left] = argument;
await ask();
await ask(...[gone, left].sort());
await steady();
const finger = middleOf(letIn(place, gone));
await ask(left);
const moved = at(finger) === letIn(place, left);
tap(finger);
const tapped = moved ? acts() : [];
await steady();
tap(middleOf(letIn(place, left)));
return { moved, tapped, later: acts() };"""


def in_voice(visit: Invite, server: Server) -> Page:
    visitor = here(visit, server, elsewhere())
    visitor.join_voice(muted=True)
    wait_until(visitor.page, "() => document.getElementById('voice').dataset.phase === 'in'")
    visitor.page.evaluate(HANDS)
    run(visitor.page, "(await load('voice/calls/signaling')).close()")  # no list but the test's
    return visitor.page


def test_a_tap_meant_for_a_request_that_goes_lands_on_no_other(
    server: Server, visit: Invite
) -> None:
    page = in_voice(visit, server)
    for place in ("#voice-asks", "#voice-tiles"):
        found = [run(page, GONE, [place, *pair]) for pair in ((ANA, BO), (BO, ANA))]
        assert True in [one["moved"] for one in found]
        assert [one["tapped"] for one in found] == [[], []]
        assert [one["later"] for one in found] == [[["accept", BO]], [["accept", ANA]]]


def test_a_request_that_comes_under_a_finger_lets_nobody_in_and_a_key_is_not_held_up(
    server: Server, visit: Invite
) -> None:
    page = in_voice(visit, server)
    tapped, pressed, looks = run(
        page,
        """const [ana] = argument;
        await ask(ana);
        const control = letIn('#voice-asks', ana);
        tap(middleOf(control));
        const tapped = acts();
        const { opacity } = getComputedStyle(control);
        const looks = [opacity, control.ariaDisabled, control.disabled];
        press(control);
        return [tapped, acts(), looks];""",
        [ANA],
    )
    assert (tapped, pressed) == ([], [["accept", ANA]])
    assert looks == ["1", None, False], "it is drawn and read out as always"
    # A key meant for one who asks no more presses nothing of the next.
    run(
        page,
        """const [ana, bo] = argument;
        await ask(ana, bo);
        letIn('#voice-asks', ana).focus();
        await ask(bo);""",
        [ANA, BO],
    )
    page.keyboard.press("Enter")
    assert page.evaluate("acts()") == []
    assert page.evaluate("document.activeElement.dataset.person") == BO


def test_two_taps_on_the_way_in_are_not_a_yes_to_be_heard(server: Server, visit: Invite) -> None:
    page = here(visit, server, elsewhere()).page
    page.evaluate(HANDS)
    phase = run(
        page,
        """await load('voice/controls');
        const panel = document.getElementById('voice');
        const asked = new Promise((done) => {
          // As soon as the panel asks: no moment passes between.
          new MutationObserver(done).observe(panel, { attributeFilter: ['data-phase'] });
        });
        tap(middleOf(document.getElementById('voice-start')));
        await asked;
        tap(middleOf(document.getElementById('voice-join')));
        return display.phase;""",
    )
    assert phase == "check"


def test_an_alert_that_is_shown_already_stays_the_one_it_is(server: Server, visit: Invite) -> None:
    page = here(visit, server, elsewhere()).page
    same = run(
        page,
        """const { showAlert } = await load('page/alerts');
        const words = { title: 'The distance did not change.', label: 'Try again', run() {} };
        const shown = () => document.querySelector('#alerts > .notice:last-child');
        showAlert('reach', words);
        const first = shown();
        showAlert('reach', words);
        return first === shown() && first.isConnected;""",
    )
    assert same
