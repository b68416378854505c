"""What clients are told of the limits: in each welcome, and when an operator changes one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from chat.history import MemoryHistory
from neartalk.limits import PUBLISHED, RULES, Act, MemoryAllowances, Rule, Rules, published
from presence.delivery import Form, signal
from presence.registry import MemoryRegistry
from tests.support.processes import HERE, Process, person, running

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings


@pytest.fixture(autouse=True)
def limited(settings: Settings) -> None:
    settings.RATE_LIMITS_SCALE = 1
    settings.RATE_LIMITS_OFF = []


def rules_with(**changed: Rule) -> Rules:
    rules = Rules()
    rules.stored = {name.replace("_", "."): rule for name, rule in changed.items()}
    return rules


def test_every_rule_of_one_person_session_or_socket_is_published_and_no_other() -> None:
    networks = str.split("address 64 56 48 price districts tiles blamed banned challenge work")
    shared = (*(f"session.{one}" for one in networks), "address.", "admin.", "place.tiles")
    others = {name for name in RULES if name.startswith(shared)}
    assert {*RULES} - others - {"chat.copies", "chat.report.address"} == {*PUBLISHED}


def test_limits_are_told_as_they_stand(settings: Settings) -> None:
    assert published(Rules())["chat.send"] == {"burst": 3, "interval_ms": 6_000}
    changed = rules_with(chat_send=Rule(20, 60, 5), place_move=Rule(6, 60, 3, on=False))
    assert published(changed)["chat.send"] == {"burst": 5, "interval_ms": 3_000}
    assert "place.move" not in published(changed)
    settings.RATE_LIMITS_SCALE, settings.RATE_LIMITS_OFF = 10, ["chat.new"]
    assert published(changed)["chat.send"] == {"burst": 50, "interval_ms": 300}
    assert "chat.new" not in published(changed)
    settings.RATE_LIMITS_SCALE = 0.1
    assert published(Rules())["chat.send"] == {"burst": 1, "interval_ms": 60_000}


@pytest.mark.parametrize("scale", [0.3, 1, 7])
@pytest.mark.parametrize("name", PUBLISHED)
async def test_whoever_goes_by_what_is_published_is_never_refused_and_in_haste_always(
    settings: Settings, name: str, scale: float
) -> None:
    settings.RATE_LIMITS_SCALE = scale
    now, act = 1_700_000_000_000, Act(name, "alice")
    allowances = MemoryAllowances(Rules(), lambda: now)
    told = published(Rules())[name]
    for _ in range(told["burst"]):
        assert await allowances.spend([act]) == (0, 0)
    if RULES[name].saves:
        return
    for _ in range(5):
        now += told["interval_ms"] - 1
        assert await allowances.spend([act]) == (1, 1)
        now += 1
        assert await allowances.spend([act]) == (0, 0)


async def test_a_welcome_names_the_protocol_and_the_limits_also_after_an_operator_changed_one() -> (
    None
):
    process = Process(MemoryRegistry(), MemoryHistory())
    rules, rounds = process.platform.rules, process.hub.rounds
    async with running(process):
        alice = await process.join(await person(process.hub.registry, "Alice", HERE))
        welcome = alice.page.all("welcome")[-1]
        assert (welcome["protocol"], welcome["limits"]) == (1, published(Rules()))
        await rounds.publish_limits()
        assert alice.page.all("limits") == []
        rules.stored = {"chat.send": Rule(20, 60, 5)}
        for _ in range(2):
            await rounds.publish_limits()
        limits = published(rules)
        assert alice.page.all("limits") == [{"type": "limits", "limits": limits}]
        assert limits["chat.send"] == {"burst": 5, "interval_ms": 3_000}
        bob = await process.join(await person(process.hub.registry, "Bob", HERE))
        assert bob.page.all("welcome")[-1]["limits"] == limits


def test_the_page_is_told_no_limits() -> None:
    limits = published(Rules())
    assert "limits" in json.loads(signal(Form.JSON, "welcome", limits=limits).text)
    assert "limits" not in signal(Form.HTML, "welcome", protocol=1, limits=limits).text
