"""The main job: two people near each other talk, and somebody far away hears nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.client import elsewhere, north

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Invite
    from tests.conftest import Serve
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

CELLS_300_M = 2
CELLS_3_KM = 20
STOP_100_M, STOP_500_M = 0, 5


@dataclass
class Doors:
    """Where alice comes in, and where everyone else does."""

    alices: Server
    others: Server


@pytest.fixture(params=["embedded", "shared"])
def doors(request: pytest.FixtureRequest, serve: Serve) -> Doors:
    """One process with everything in memory, or two that share Redis and PostgreSQL."""
    if request.param == "embedded":
        only = serve()
        return Doors(only, only)
    own_redis: Callable = request.getfixturevalue("own_redis")
    shared = {
        "REDIS_URL": own_redis().url,
        "DATABASE_URL": request.getfixturevalue("postgres_url"),
    }
    return Doors(serve(env=shared, migrate=True), serve(env=shared))


def test_two_300_m_apart_talk_until_one_reaches_less_far_and_a_third_hears_nothing(
    doors: Doors, visit: Invite
) -> None:
    spot = elsewhere()
    alice = visit(doors.alices, spot).arrive()
    bob = visit(doors.others, north(spot, CELLS_300_M)).arrive()
    charlie = visit(doors.others, north(spot, CELLS_3_KM)).arrive()

    for one, other in ((alice, bob), (bob, alice)):
        expect(one.page.locator("#people-list .group")).to_have_text("~300 m1")
        expect(one.people.locator(".name")).to_have_text(other.name)
        expect(one.page.locator("#audience")).to_have_text("1 person will see this")

    alice.send_text("Is the bridge open on foot?")
    bob.send_text("Left side only.")
    for one, other, text in (
        (alice, bob, "Left side only."),
        (bob, alice, "Is the bridge open on foot?"),
    ):
        expect(one.message(text).locator(".name")).to_have_text(other.name)
        expect(one.message(text).locator(".far")).to_have_text("300 metres")
        assert one.texts() == ["Is the bridge open on foot?", "Left side only."]

    bob.reach(STOP_100_M)
    for one, radius in ((bob, "100 m"), (alice, "500 m")):
        expect(one.page.locator("#people-head")).to_have_text("Nobody near")
        expect(one.people).to_have_count(0)
        expect(one.page.locator("#nobody h2")).to_have_text(f"Nobody within {radius} yet")
    alice.send_text("Who hears this?")
    bob.send_text("And this?")
    bob.await_pong()
    assert "Who hears this?" not in bob.texts()
    bob.reach(STOP_500_M)
    expect(bob.person(alice.name)).to_be_visible()
    bob.send_text("There you are again.")
    expect(alice.message("There you are again.")).to_be_visible()
    # What bob said to nobody stays unheard; what alice said reached 500 m, and bob does again.
    assert "And this?" not in alice.texts()
    expect(bob.message("Who hears this?")).to_be_visible()

    charlie.await_pong()
    assert charlie.texts() == []
    expect(charlie.people).to_have_count(0)
    charlie.page.reload()
    charlie.expect_here()
    assert charlie.texts() == []
