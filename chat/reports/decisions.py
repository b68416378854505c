"""The decisions on a report. Each is one transaction: of two operators who decide at once, one
succeeds, and the other gets Overtaken."""

from datetime import timedelta

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from chat.feed import Feed
from chat.models import Report
from neartalk.models import Sanction
from neartalk.records import Overtaken, lift_reviewed, record, words_of

WAITING, DISMISSED, UPHELD = Report.State.WAITING, Report.State.DISMISSED, Report.State.UPHELD
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def dismiss(report: Report, user: User, note: str) -> str:
    """Ends this report alone: nothing was wrong. Other reports of the person still wait."""
    with transaction.atomic():
        settle(report, DISMISSED, user, note)
        record(user, report, f"Dismissed. {note}")
    return "Dismissed."


def remove(report: Report, user: User, note: str, feed: Feed) -> str:
    """Retracts the message, and upholds this report alone. Other reports of the person still wait.

    Raises Refused: `store-unavailable`, and nothing has happened.
    """
    with transaction.atomic():
        settle(report, UPHELD, user, note)
        was_there = retract(report, feed)
        outcome = "Message removed." if was_there else "Upheld; the message was gone already."
        record(user, report, f"{outcome} {note}")
    return outcome


def retract(report: Report, feed: Feed) -> bool:
    """Removes the message everywhere. True if it was still there."""
    tile = cache.get(f"report-tile:{report.pk}")
    if tile is None:
        return False
    return async_to_sync(feed.sender.retract)([tile], report.message_id, report.person_id)


def mute(report: Report, user: User, note: str, lasts: timedelta = HOUR) -> str:
    return sanction(Sanction.Kind.MUTE, report, user, note, lasts)


def ban(report: Report, user: User, note: str, lasts: timedelta = DAY) -> str:
    return sanction(Sanction.Kind.BAN, report, user, note, lasts)


def ban_for_long(report: Report, user: User, note: str) -> str:
    return ban(report, user, note, 30 * DAY)


def sanction(kind: Sanction.Kind, report: Report, user: User, note: str, lasts: timedelta) -> str:
    """Mutes or bans the person, and upholds every report of them that waits."""
    done = "Banned" if kind == Sanction.Kind.BAN else "Muted"
    with transaction.atomic():
        others = settle(report, UPHELD, user, note, of_person=True)
        Sanction.objects.create(
            kind=kind,
            person_id=report.person_id,
            device=report.device,
            origin=report.origin,
            reason=report.reason,
            until=timezone.now() + lasts,
            by=user,
            note=note,
        )
        outcome = f"{done} for {words_of(lasts)}{with_others(others)}."
        record(user, report, f"{outcome} {note}")
    return outcome


def settle(
    report: Report, state: Report.State, user: User, note: str, *, of_person: bool = False
) -> int:
    """Marks a report as reviewed, and with `of_person` all others of its person that wait. Returns
    how many others. Lifts the automatic mute once no report waits.

    Raises Overtaken, where somebody else has reviewed it first.
    """
    about = Q(pk=report.pk)
    waiting = Q(person_id=report.person_id, state=WAITING)
    # In one order, or two operators might wait for each other.
    rows = Report.objects.filter(about | waiting).order_by("pk").select_for_update()
    reviewed = dict(rows.values_list("pk", "reviewed"))
    if report.pk not in reviewed or reviewed[report.pk] != report.reviewed:
        raise Overtaken
    settled = Report.objects.filter(about | waiting if of_person else about)
    count = settled.update(state=state, reviewed=timezone.now(), by=user, note=note)
    if not Report.objects.filter(waiting).exists():
        lift_reviewed(report.person_id)
    return count - 1


def with_others(count: int) -> str:
    return f", which answers {count} more of their reports" if count else ""
