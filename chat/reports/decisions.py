"""The decisions on a report. Each is one transaction: of two operators who decide at once, one
succeeds, and the other gets Overtaken."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from chat.feed import Feed
from chat.models import Report
from neartalk.models import Sanction
from neartalk.records import Overtaken, lift_reviewed, record

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as LazyText

WAITING, DISMISSED, UPHELD = Report.State.WAITING, Report.State.DISMISSED, Report.State.UPHELD
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOTHING_WRONG = _("Dismissed.")
REMOVED = _("Message removed.")
WAS_GONE = _("Upheld; the message was gone already.")


@dataclass(frozen=True, slots=True)
class Penalty:
    """A mute or a ban as moderators give it: for how long, and what was done then, in words: where
    it answers this report alone, and where others too."""

    kind: Sanction.Kind
    lasts: timedelta
    done: "LazyText"
    done_too: "LazyText"

    def words(self, others: int) -> "LazyText":
        if not others:
            return self.done
        return format_lazy(self.done_too, count=others)


MUTE = Penalty(
    Sanction.Kind.MUTE,
    HOUR,
    _("Muted for 1 hour."),
    ngettext_lazy(
        "Muted for 1 hour, which answers {count} more of their reports.",
        "Muted for 1 hour, which answers {count} more of their reports.",
        "count",
    ),
)
BAN = Penalty(
    Sanction.Kind.BAN,
    DAY,
    _("Banned for 1 day."),
    ngettext_lazy(
        "Banned for 1 day, which answers {count} more of their reports.",
        "Banned for 1 day, which answers {count} more of their reports.",
        "count",
    ),
)
LONG_BAN = Penalty(
    Sanction.Kind.BAN,
    30 * DAY,
    _("Banned for 30 days."),
    ngettext_lazy(
        "Banned for 30 days, which answers {count} more of their reports.",
        "Banned for 30 days, which answers {count} more of their reports.",
        "count",
    ),
)


def dismiss(report: Report, user: User, note: str) -> str:
    """Ends this report alone: nothing was wrong. Other reports of the person still wait."""
    with transaction.atomic():
        settle(report, DISMISSED, user, note)
        record(user, report, NOTHING_WRONG, note)
    return str(NOTHING_WRONG)


def remove(report: Report, user: User, note: str, feed: Feed) -> str:
    """Retracts the message, and upholds this report alone. Other reports of the person still wait.

    Raises Refused: `store-unavailable`, and nothing has happened.
    """
    with transaction.atomic():
        settle(report, UPHELD, user, note)
        was_there = retract(report, feed)
        outcome = REMOVED if was_there else WAS_GONE
        record(user, report, outcome, note)
    return str(outcome)


def retract(report: Report, feed: Feed) -> bool:
    """Removes the message everywhere. True if it was still there."""
    tile = cache.get(f"report-tile:{report.pk}")
    if tile is None:
        return False
    return async_to_sync(feed.sender.retract)([tile], report.message_id, report.person_id)


def mute(report: Report, user: User, note: str) -> str:
    return sanction(MUTE, report, user, note)


def ban(report: Report, user: User, note: str) -> str:
    return sanction(BAN, report, user, note)


def ban_for_long(report: Report, user: User, note: str) -> str:
    return sanction(LONG_BAN, report, user, note)


def sanction(penalty: Penalty, report: Report, user: User, note: str) -> str:
    """Mutes or bans the person, and upholds every report of them that waits."""
    with transaction.atomic():
        others = settle(report, UPHELD, user, note, of_person=True)
        Sanction.objects.create(
            kind=penalty.kind,
            person_id=report.person_id,
            device=report.device,
            origin=report.origin,
            reason=report.reason,
            until=timezone.now() + penalty.lasts,
            by=user,
            note=note,
        )
        outcome = penalty.words(others)
        record(user, report, outcome, note)
    return str(outcome)


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
