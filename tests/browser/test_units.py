"""Distances in metres, or in feet and miles: chosen, and the same block in both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from presence.geo import RADIUS_STOPS_M, Roughness, label_m
from tests.browser.module_scripts import run
from tests.browser.test_welcome import PATIENCE_MS, TROUBLES
from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Invite, Meet
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

LABELS_M = sorted({label_m(metres, rough) for metres in range(1, 4001) for rough in Roughness})
FOOT_M = 0.3048


def test_each_label_has_one_name_in_feet_or_miles_and_no_finer_one(page: Page) -> None:
    told = run(
        page,
        """const { formatMetres, nameDistance } = await load('page/units');
        document.documentElement.dataset.units = 'feet';
        const told = argument.map((metres) => [formatMetres(metres), nameDistance(metres)]);
        delete document.documentElement.dataset.units;
        return told;""",
        [*LABELS_M[1:], *RADIUS_STOPS_M],
    )
    names = [short for short, _ in told[: len(LABELS_M) - 1]]
    assert LABELS_M[0] == 0
    assert len({*names}) == len(names)
    assert told[0] == ["150 ft", "150 feet"]
    assert told[LABELS_M.index(500) - 1] == ["1,650 ft", "1,650 feet"]
    assert told[LABELS_M.index(600) - 1] == ["0.35 mi", "0.35 miles"]
    stops = [short for short, _ in told[-len(RADIUS_STOPS_M) :]]
    assert stops[:5] == ["350 ft", "500 ft", "650 ft", "1,000 ft", "1,300 ft"]
    assert stops[5:] == ["1,650 ft", "0.45 mi", "0.6 mi", "0.95 mi", "1.25 mi"]


def test_units_are_chosen_in_the_settings_and_stay_when_one_leaves(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    alice = visit(server, spot, locale="en-US").arrive()
    meet(server, north(spot, 2), "bob").send_text("Hello.")
    expect(alice.message("Hello.")).to_contain_text("1,000 feet")
    expect(alice.page.locator(".scale li")).to_have_text(
        ["350 ft", "650", "1,650", "0.6 mi", "1.25 mi"]
    )
    alice.page.get_by_role("button", name="Settings").click()
    alice.page.get_by_role("radio", name="Metres").click()
    expect(alice.message("Hello.")).to_contain_text("300 metres")
    alice.expect_here()
    alice.page.get_by_role("button", name="Leave", exact=True).first.click()
    alice.page.wait_for_url(f"{alice.url}/")
    assert alice.page.locator("html").get_attribute("data-units") == "metres"


def test_the_first_page_and_its_help_with_a_rough_position_tell_feet_and_miles(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, None, clock=True, locale="en-US")
    TROUBLES["coarse"].begin(alice)
    alice.page.goto(alice.url)
    button, pills = alice.page.locator("#arrive"), alice.page.locator(".pills label")
    expect(pills).to_have_text(["a block (500 ft)", "an area (0.6 mi)"])
    expect(alice.page.locator("#rings-people .label")).to_have_text(
        ["Ana, ~650 ft", "Zeynep, ~1,000 ft", "Yusuf, ~1,500 ft"]
    )
    expect(alice.page.locator("#arrive-next")).to_contain_text("about 500 ft wide")
    pills.last.click()
    expect(alice.page.locator("#arrive-next")).to_contain_text("about 0.6 mi wide")
    button.click()
    expect(button).to_have_text("Looking for you")
    alice.page.clock.run_for(PATIENCE_MS)
    expect(alice.page.locator("#lede")).to_contain_text("give or take 2 mi.")
