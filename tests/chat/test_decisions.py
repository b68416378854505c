"""What becomes of a report: rows that every process follows, once, with a line in the audit."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from django.contrib.admin.models import LogEntry
from django.core.cache import cache
from django.utils import timezone

from chat.feed import Feed
from chat.models import Report
from chat.reports import decisions
from neartalk.codes import Refused
from neartalk.models import Sanction
from neartalk.records import Overtaken, lift
from tests.support.operators import evidence, operator, report, sanction

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def gone(*args: object) -> bool:
    return False


def feed_of(retract: Any = gone) -> Feed:
    """A feed that may only be asked to retract a message."""
    return cast("Feed", SimpleNamespace(sender=SimpleNamespace(retract=retract)))


@pytest.fixture
def mira() -> User:
    return operator("mira", "moderator")


def done() -> list[str]:
    return [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]


@pytest.mark.parametrize(
    ("act", "kind", "lasts"),
    [
        (decisions.mute, "mute", HOUR),
        (decisions.ban, "ban", DAY),
        (decisions.ban_for_long, "ban", 30 * DAY),
    ],
)
def test_a_sanction_is_of_the_person_and_their_device_and_ends(
    mira: User, act: Callable[..., str], kind: str, lasts: timedelta
) -> None:
    one = report()
    act(one, mira, "links")
    row = Sanction.objects.get()
    assert (row.kind, row.person_id, row.device, row.origin) == (
        *(kind, one.person_id),
        *(one.device, one.origin),
    )
    assert (row.by, row.note, row.reason) == (mira, "links", "spam")
    assert abs(row.until - timezone.now() - lasts) < timedelta(minutes=1)
    one.refresh_from_db()
    assert (one.state, one.by, one.note) == ("upheld", mira, "links")
    assert one.reviewed
    (told,) = done()
    assert told.endswith("links")


def test_a_ban_answers_all_of_the_persons_reports_that_wait_and_nobody_elses(mira: User) -> None:
    one, other, dismissed, of_carol = (
        report(),
        report(),
        report(state="dismissed"),
        report(person_id="c" * 16),
    )
    assert decisions.ban(one, mira, "n") == (
        "Banned for 1 day, which answers 1 more of their reports."
    )
    for row in (one, other, dismissed, of_carol):
        row.refresh_from_db()
    assert [row.state for row in (one, other, dismissed, of_carol)] == [
        *("upheld", "upheld"),
        *("dismissed", "waiting"),
    ]


def test_a_dismissal_is_of_one_report_and_ends_the_automatic_mute_with_the_last(
    mira: User,
) -> None:
    one, other = report(), report()
    automatic, decided = sanction(until_reviewed=True), sanction(by=mira)
    of_haste = sanction()
    of_carol = sanction(person_id="c" * 16)
    decisions.dismiss(one, mira, "n")
    automatic.refresh_from_db()
    assert automatic.lifted is None
    before = automatic.changed

    decisions.dismiss(other, mira, "n")
    for row in (automatic, decided, of_haste, of_carol):
        row.refresh_from_db()
    assert automatic.lifted
    assert automatic.changed > before, "by this the processes see that there is something to read"
    assert decided.lifted is None
    assert of_haste.lifted is None, "nobody reported that"
    assert of_carol.lifted is None
    assert {row.state for row in Report.objects.all()} == {"dismissed"}


def test_what_was_decided_since_is_not_decided_again(mira: User) -> None:
    one = report()
    seen = Report.objects.get(pk=one.pk)
    decisions.dismiss(one, mira, "n")
    for act in (decisions.dismiss, decisions.ban, partial(decisions.remove, feed=feed_of())):
        with pytest.raises(Overtaken):
            act(seen, mira, "n")
    assert not Sanction.objects.exists()
    assert done() == ["Dismissed. n"]


def test_who_looks_again_may_answer_harder(mira: User) -> None:
    one = report()
    decisions.mute(one, mira, "n")
    one.refresh_from_db()
    decisions.ban(one, mira, "did it again")
    assert [row.kind for row in Sanction.objects.order_by("pk")] == ["mute", "ban"]


def test_a_message_is_removed_where_it_was_said_and_others_reports_wait(mira: User) -> None:
    one, other = report(evidence=evidence("hello")), report()
    asked: list[Any] = []

    async def retract(tiles: list[str], message_id: str, person_id: str) -> bool:
        asked.append((tiles, message_id, person_id))
        return True

    cache.set(f"report-tile:{one.pk}", "u33dc0")
    assert decisions.remove(one, mira, "n", feed_of(retract)) == "Message removed."
    assert asked == [(["u33dc0"], one.message_id, one.person_id)]
    other.refresh_from_db()
    assert other.state == "waiting"
    assert not Sanction.objects.exists()


def test_a_message_whose_place_is_forgotten_was_gone_already(mira: User) -> None:
    one = report(evidence=evidence("hello"))
    assert decisions.remove(one, mira, "n", feed_of()) == "Upheld; the message was gone already."


def test_while_the_store_is_lost_a_removal_leaves_the_report_as_it_was(mira: User) -> None:
    one = report(evidence=evidence("hello"))

    async def retract(*args: object) -> bool:
        raise Refused("store-unavailable")

    cache.set(f"report-tile:{one.pk}", "u33dc0")
    with pytest.raises(Refused):
        decisions.remove(one, mira, "n", feed_of(retract))
    one.refresh_from_db()
    assert (one.state, done()) == ("waiting", [])


def test_a_sanction_is_lifted_once_and_not_after_its_end(mira: User) -> None:
    row, over = sanction(), sanction(until=timezone.now() - HOUR)
    before = row.changed
    lift(row, mira, "a mistake")
    row.refresh_from_db()
    assert row.lifted
    assert row.changed > before
    for one in (row, over):
        with pytest.raises(Overtaken):
            lift(one, mira, "n")
    assert done() == ["Lifted. a mistake"]
