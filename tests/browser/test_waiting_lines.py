"""Lines that were too fast wait in their order and go by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.module_scripts import run

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# `sent` are the lines that went, `shown` what the button counted; `wait` passes so many seconds.
BEGIN = """
  const { WaitingLines } = await load('chat/waiting-lines');
  const now = performance.now.bind(performance);
  let passed = 0;
  performance.now = () => now() + passed;
  const sent = [];
  const shown = [];
  const lines = new WaitingLines((line) => sent.push(line), (seconds) => shown.push(seconds));
  const wait = (seconds) => {
    passed += seconds * 1000;
    if (lines.due) lines.tick();
  };
"""


def test_the_first_goes_when_the_server_said_and_the_next_as_long_after_it(arrival: Page) -> None:
    sent, shown = run(
        arrival,
        f"""{BEGIN}
        lines.hold('a', 6);
        lines.add('b');
        wait(5);
        const before = [...sent];
        wait(1);
        const first = [...sent];
        lines.remove('a');
        wait(5);
        const second = [...sent];
        wait(1);
        lines.remove('b');
        return [[before, first, second, sent], shown];""",
    )
    assert sent == [[], ["a"], ["a"], ["a", "b"]]
    assert shown[0] == 6
    assert shown[-1] == 0


def test_where_none_waits_a_line_goes_at_once(arrival: Page) -> None:
    assert run(arrival, f"{BEGIN} return [lines.add('a'), lines.pending];") == [False, False]


def test_two_that_were_refused_at_once_go_in_the_order_in_which_they_were_said(
    arrival: Page,
) -> None:
    found = run(
        arrival,
        f"""{BEGIN}
        lines.hold('a', 2);
        lines.hold('b', 4);
        wait(2);
        lines.remove('a');
        wait(2);
        return sent;""",
    )
    assert found == ["a", "b"]


def test_one_that_is_given_up_lets_the_next_one_go_and_one_behind_it_changes_nothing(
    arrival: Page,
) -> None:
    found = run(
        arrival,
        f"""{BEGIN}
        lines.hold('a', 9);
        lines.add('b');
        lines.add('c');
        lines.remove('b');
        const before = [...sent];
        lines.remove('a');
        wait(9);
        return [before, sent, shown.at(-1)];""",
    )
    assert found == [[], ["c"], 0]


def test_what_was_on_its_way_goes_again_by_a_new_socket_and_what_waits_does_not(
    arrival: Page,
) -> None:
    found = run(
        arrival,
        f"""{BEGIN}
        lines.hold('a', 3);
        lines.resend();
        const before = [...sent];
        wait(3);
        lines.resend();
        return [before, sent];""",
    )
    assert found == [[], ["a", "a"]]
