"""What is pressed before its modules are there, by the module that keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.module_scripts import run

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# Controls of a page whose modules are `done` once they come: what each was told, in order.
PAGE = """
  document.body.innerHTML = `<button type="button" id="opens"><i>Open</i></button>
    <input type="range" id="reach" min="0" max="9" value="3"><input type="checkbox" id="shield">
    <a id="there" href="#there">There</a><ol id="list" data-waits>
    <li><p class="bubble">Said</p><a id="leads" href="#lost">A link</a></li></ol>
    <form id="composer" method="dialog"><textarea></textarea><button>Send</button></form>
    <form id="leave" method="post" action="/leave"><button>Leave</button></form>`;
  const { release } = await load('page/early-taps');
  const at = (selector) => document.querySelector(selector);
  const list = at('#list');
  const field = at('textarea');
  const done = [];
  const note = ({ target: { id, className, value }, type }) =>
    done.push([type, id || className, ...(type === 'change' ? [value] : [])].join(' '));
  const press = (key, more = {}) => {
    const init = { key, bubbles: true, cancelable: true, ...more };
    return field.dispatchEvent(new KeyboardEvent('keydown', init));
  };
  const write = (text) => {
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const slide = (value) => {
    at('#reach').value = value;
    at('#reach').dispatchEvent(new Event('change', { bubbles: true }));
  };
  const busy = () => [...document.querySelectorAll('[aria-busy]')].map(({ id }) => id);
  const come = () => {
    for (const type of ['click', 'change']) document.body.addEventListener(type, note);
    at('#composer').addEventListener('submit', note);
  };
"""


def test_the_last_press_on_each_control_is_done_in_their_order_once_the_page_is_live(
    arrival: Page,
) -> None:
    script = """at('#opens i').click();
      slide('7');
      slide('8');
      at('#reach').value = '3';  // by a module that comes
      at('#opens').click();
      write('Hello');
      const kept = press('Enter');
      const meanwhile = [kept, ...busy()];
      come();
      release();
      at('#opens').click();
      return [meanwhile, done, busy()];"""
    assert run(arrival, PAGE + script) == [
        [False, "opens", "reach", "composer"],
        ["change reach 8", "click opens", "submit composer", "click opens"],
        [],
    ]


def test_what_the_browser_does_by_itself_is_left_to_it(arrival: Page) -> None:
    script = """const ways = [];
      addEventListener('click', (event) => ways.push(event.defaultPrevented));
      at('#leave').addEventListener('submit', (event) => {
        ways.push(event.defaultPrevented);
        event.preventDefault();
      });
      at('#there').click();
      at('#leave button').click();
      at('#shield').click();
      const after = [location.hash, at('#shield').checked];
      const more = [{ shiftKey: true }, { isComposing: true }, { keyCode: 229 }];
      const keys = [...more.map((one) => press('Enter', one)), press('a')];
      come();
      release();
      return [ways, after, keys, done];"""
    assert run(arrival, PAGE + script) == [
        [False, False, False, False],
        ["#there", True],
        [True, True, True, True],
        ["change shield on"],
    ]


def test_a_part_of_the_page_waits_for_its_own_modules_and_its_links_with_it(arrival: Page) -> None:
    script = """come();
      at('#leads').click();
      at('.bubble').click();
      release();
      const before = [location.hash, ...done];
      release(list);
      return [before, location.hash, done];"""
    assert run(arrival, PAGE + script) == [[""], "#lost", ["click leads", "click bubble"]]


def test_what_is_gone_or_written_on_meanwhile_is_not_done(arrival: Page) -> None:
    script = """at('#opens').click();
      at('#opens').remove();
      write('Hello');
      press('Enter');
      write('Hello there');
      come();
      release();
      return [done, busy()];"""
    assert run(arrival, PAGE + script) == [[], []]


def test_nothing_waits_for_what_did_not_come_with_the_page(arrival: Page) -> None:
    script = """at('#opens').click();
      const before = busy();
      dispatchEvent(new Event('load'));
      come();
      at('#opens').click();
      return [before, busy(), done];"""
    assert run(arrival, PAGE + script) == [["opens"], [], ["click opens"]]
