"""manage.py limits: the rules as they stand, and how one is changed."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from neartalk.limits import RULES
from neartalk.models import HourlyHits, RateLimit
from neartalk.records.rows import load_rules

pytestmark = pytest.mark.django_db(transaction=True)


def run(*args: str) -> str:
    out = StringIO()
    call_command("limits", *args, stdout=out)
    return out.getvalue()


def rows_of(*args: str) -> dict[str, dict[str, Any]]:
    return {row.pop("name"): row for row in json.loads(run(*args, "--json"))}


def test_every_rule_is_listed_with_what_it_refused(each_database: str) -> None:
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    HourlyHits.objects.bulk_create(
        HourlyHits(rule="chat.send", hour=today + timedelta(hours=hours), count=count)
        for hours, count in ((0, 1), (1, 2), (-1, 10), (-24, 20), (-25, 100))
    )
    found = rows_of()
    assert [*found] == [*RULES]
    rule = {"allowance": 10, "period_s": 60, "burst": 3, "price_ms": 0, "on": True}
    assert found["chat.send"] == {**rule, "refused_today": 3, "refused_yesterday": 30}
    assert found["place.move"]["refused_yesterday"] == 0
    lines = run().splitlines()
    assert len(lines) == 1 + len(RULES)
    line = next(line for line in lines if line.startswith("chat.send "))
    assert line.split() == ["chat.send", "10", "60", "3", "0", "yes", "3", "30"]


def test_a_rule_is_set_as_far_as_it_is_named_and_shown(each_database: str) -> None:
    row = {"allowance": 20, "period_s": 30, "burst": 3, "price_ms": 0, "on": True}
    found = rows_of("set", "chat.send", "--allowance", "20", "--period", "30")
    assert found == {"chat.send": {**row, "refused_today": 0, "refused_yesterday": 0}}
    assert not rows_of("set", "chat.send", "--off", "--burst", "4")["chat.send"]["on"]
    assert (rule := load_rules()["chat.send"]).on is False
    assert (rule.allowance, rule.period_s, rule.burst) == (20, 30, 4)
    assert rows_of("set", "chat.send", "--on")["chat.send"]["on"]
    assert RateLimit.objects.get(name="place.move").allowance == RULES["place.move"].allowance


def test_the_price_of_a_rule_is_set_and_shown() -> None:
    found = rows_of("set", "session.price2", "--price", "5000")
    assert found["session.price2"]["price_ms"] == 5000
    assert load_rules()["session.price2"].price_ms == 5000


def test_rules_that_are_named_are_listed_alone() -> None:
    assert [*rows_of("voice.ice", "chat.send")] == ["voice.ice", "chat.send"]


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("set",), "limits set NAME"),
        (("set", "chat.send", "chat.new", "--off"), "limits set NAME"),
        (("chat.send", "--off"), "limits set NAME"),
        (("set", "chat.sent", "--off"), "There is no rule 'chat.sent', but .*chat.send"),
        (("set", "chat.send"), "What of it"),
        (("set", "chat.send", "--allowance", "0"), "allowance: .*greater than or equal to 1"),
        (("set", "chat.send", "--on", "--off"), "not allowed with"),
        (("set", "chat.send", "--price", "5"), "has no price"),
        (("set", "session.price1", "--price", "99999"), "At most 30000"),
        (("set", "session.tiles2", "--price", "150001"), "At most 150000"),
        (("set", "session.price1", "--price", "-1"), "price_ms: .*greater than or equal to 0"),
        (("--off",), "limits set NAME"),
        (("get",), "There is no rule 'get'"),
        (("chat.send", "get"), "There is no rule 'get'"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(args: tuple[str, ...], why: str) -> None:
    before = load_rules()
    with pytest.raises(CommandError, match=why):
        run(*args)
    assert load_rules() == before


def test_a_rule_without_a_row_is_not_set_but_said() -> None:
    RateLimit.objects.filter(name="chat.send").delete()
    with pytest.raises(CommandError, match="migrate"):
        run("set", "chat.send", "--off")
    assert "chat.send" not in rows_of()
