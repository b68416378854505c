"""A name that is read from the right turns no line around it, wherever voice shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.module_scripts import run
from tests.browser.test_voice_doors import here
from tests.browser.visitor import wait_until
from tests.support.client import elsewhere

if TYPE_CHECKING:
    from tests.browser.conftest import Invite
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

NAME = "\u05d3\u05e0\u05d4"
# Every text of the page that holds the name outside of an element for names, and how many do.
SCAN = """(name) => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = { bare: [], all: 0 };
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.includes(name) || node.parentElement.closest('script, .unseen')) continue;
    found.all += 1;
    if (!node.parentElement.closest('bdi')) found.bare.push(node.data);
  }
  return found;
}"""
ROOM = """const { facts } = await load('voice/calls/facts');
const { display, scheduleRender } = await load('voice/panel/renderer');
const { showPassing } = await load('voice/panel/notices');
const { unmetWish } = await load('voice/panel/door-words');
const { mesh } = await load('voice/calls/room');
const idOf = (turn) => turn.toString(16).padStart(16, '0');
const states = ['live', 'live', 'live', 'live', 'waiting', 'knocks', 'near', 'knocked'];
mesh.stateOf = (id) => ['live', 'live', 'live', 'failed'][Number(id.at(-1))] ?? null;
mesh.whyOf = () => 'path';
facts.peers = states.map((state, turn) => ({
  person_id: idOf(turn), username: argument, distance: '~300 m', state, door: 'open', ahead: 0,
}));
facts.limit = 8;
facts.muted.set(idOf(1), true);
display.inRoom.add(idOf(2));
scheduleRender();
await null;
showPassing(unmetWish('gone', { name: argument, tag: '2mq' }));"""


def test_a_name_from_the_right_stands_apart_in_every_line_of_voice(
    server: Server, visit: Invite
) -> None:
    alice = here(visit, server, elsewhere(), clock=True)
    page = alice.page
    run(
        page,
        """const panel = await load('voice/panel/panel');
        const { openNow, wishLine } = await load('voice/panel/door-words');
        const who = { name: argument, tag: '2mq' };
        panel.renderDoor('ask', openNow([who]), wishLine(who));""",
        NAME,
    )
    found = page.evaluate(SCAN, NAME)
    assert (found["bare"], found["all"]) == ([], 2)

    alice.join_voice(muted=True)
    wait_until(page, "() => document.getElementById('voice').dataset.phase === 'in'")
    alice.stop_time()  # a line that passes stays
    run(page, ROOM, NAME)
    before = page.evaluate(SCAN, NAME)
    assert before["bare"] == []
    for turn in range(5):
        ring = page.locator("#voice-tiles .tile [data-act=person]").nth(turn)
        ring.evaluate("(element) => element.click()")
        found = page.evaluate(SCAN, NAME)
        assert found["bare"] == []
        assert found["all"] > before["all"]
        page.keyboard.press("Escape")
    titles = run(
        page,
        """const { signalAsks } = await load('voice/panel/ask-signals');
        const asking = (name, turn) => ({
          id: `one ${turn}`, asks: [{ name, tag: '2mq' }, ' wants to talk'],
        });
        const people = [argument, 'Ana'].map(asking);
        return signalAsks(people);""",
        NAME,
    )
    assert titles == [f"\u2068{NAME}\u2069 2mq wants to talk", "Ana 2mq wants to talk"]


def test_a_room_draws_your_place_and_one_for_each_you_can_talk_with(
    server: Server, visit: Invite
) -> None:
    page = here(visit, server, elsewhere()).page
    drawn = run(
        page,
        """const { renderTiles } = await load('voice/panel/tiles');
        const tile = (_, turn) => ({
          id: `${turn}`, name: 'Ana', tag: 'abc', colour: 1, initial: 'A', distance: '~300 m',
          state: 'live', place: true, asks: [], words: '', asking: '',
        });
        const list = document.getElementById('voice-tiles');
        return argument.map(([limit, taken]) => {
          const tiles = Array.from({ length: taken }, tile);
          renderTiles(list, tiles, { own: 'On', limit }, new Set());
          return list.querySelectorAll('.place').length;
        });""",
        [[8, 0], [8, 7], [8, 8], [3, 0], [3, 3], [16, 0], [16, 12]],
    )
    assert drawn == [9, 9, 9, 4, 4, 9, 13]
