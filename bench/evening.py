"""A bad evening in the records, for pictures and measurements of the admin: weeks of ordinary days,
then a scan, a flood of links and somebody whom several report."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta

from django.contrib.auth.models import Group, User
from django.utils import timezone

from chat.models import Report
from chat.reports import seal_of
from neartalk.models import HourlyActivity, HourlyHits, RateLimitHit, Reason, Sanction
from neartalk.records import record

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PASSWORD = "a long evening"  # noqa: S105 of a server that lives for a minute
VULGAR = "4f2a91c07be35d68"
# Rule: hits in a usual evening hour.
USUAL = {"chat.send": 14, "place.move": 6, "socket.session": 3, "session.address": 2}
SAID = (
    "where are you exactly",
    "why no answer",
    "I can see you are still here",
    "rude. everyone here is so rude",
    "last chance to answer <b>nicely</b>",
    "I will find out where you live and then you will be sorry",
)


def people() -> tuple[User, User]:
    """A moderator and a reviewer; besides them a superuser, ada."""
    User.objects.create_superuser("ada", password=PASSWORD)
    made = []
    for name, group in (("mira", "moderator"), ("rowan", "reviewer")):
        user = User.objects.create_user(name, password=PASSWORD, is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        made.append(user)
    return made[0], made[1]


def evening(now: datetime | None = None) -> Report:
    """Fills the tables; the report to look at."""
    now = now or timezone.now()
    rng = random.Random(7)
    running = now.replace(minute=0, second=0, microsecond=0)
    activity(running, rng)
    refusals(running, rng)
    mira = User.objects.get(username="mira")
    old = reports(now, mira)
    sanctions(now, mira)
    return old


def daily(hour: datetime, now: datetime) -> float:
    """How busy an hour of the day is, 0 to 1: most of all at this one, and quiet at night."""
    return 0.08 + 0.92 * max(0.0, math.cos((hour.hour - now.hour) / 24 * 2 * math.pi)) ** 1.5


def activity(running: datetime, rng: random.Random) -> None:
    for at in range(24 * 9):
        hour = running - at * HOUR
        share = daily(hour, running) * rng.uniform(0.85, 1.15) * (1.3 if at < 24 else 1)
        for area, part in (("u33d", 0.6), ("", 0.4)):
            people = round(140 * share * part)
            HourlyActivity.objects.create(
                hour=hour,
                area=area,
                people=people,
                sessions=round(people * 0.7),
                messages=round(people * 6.2),
                voice_minutes=round(people * 1.4),
                peak=round(people * 0.4),
            )


def refusals(running: datetime, rng: random.Random) -> None:
    for rule, usual in USUAL.items():
        for at in range(24 * 9):
            hour = running - at * HOUR
            count = round(usual * daily(hour, running) * rng.uniform(0.5, 1.5))
            if rule == "place.move" and at in (1, 2):
                count += 180
            if rule == "session.address" and at in (0, 1):
                count += 64
            if count:
                HourlyHits.objects.create(hour=hour, rule=rule, count=count)
    for rule, subject, count in (
        ("place.move", "9d41" * 8, 31),
        ("session.address", "07fe" * 8, 22),
        ("chat.send", "c3a8" * 8, 4),
    ):
        for minute in range(3):
            RateLimitHit.objects.create(
                rule=rule,
                subject=subject,
                minute=running - minute * timedelta(minutes=1),
                count=count,
            )


def reports(now: datetime, by: User) -> Report:
    then_ms = round((now.timestamp() - 75 * 60) * 1000)
    said = [
        {
            "id": f"{then_ms - (6 - at) * 41_000}-0.2a5b67a{at}",
            "sent_at": then_ms - (6 - at) * 41_000,
            "name": "Vulgar Crow",
            "text": text,
        }
        for at, text in enumerate(SAID)
    ]
    first = report(now, 74, "Vulgar Crow", VULGAR, Reason.THREATS, words="He does not stop.")
    own = {
        "id": f"{then_ms - 21_000}-0.5b67a2a7",
        "sent_at": then_ms - 21_000,
        "name": "",
        "text": "I am not telling you that. Stop.",
        "by_reporter": True,
    }
    first.message_id, kept = str(said[-1]["id"]), [*said, own]
    first.evidence, first.seal = kept, seal_of(kept)
    first.origin = "9d41" * 8
    first.save()
    report(now, 61, "Vulgar Crow", VULGAR, Reason.HARASSMENT, words="Asks everyone where they are.")
    report(now, 52, "Cheap Magpie", "91b3c0d2aa417e05", Reason.SPAM, words="Links, links, links")
    report(now, 40, "Vulgar Crow", VULGAR, Reason.HARASSMENT)
    report(now, 33, "Олена", "3b7710ffe2ac94d1", Reason.OTHER, words="Says the tram is not running")
    report(now, 12, "Cheap Magpie", "91b3c0d2aa417e05", Reason.SPAM)
    report(now, 3, "Loud Finch", "c09e2f6b7d814a33", Reason.HATE)
    done = report(now, 300, "Loud Finch", "c09e2f6b7d814a33", Reason.HATE, words="Slurs")
    done.state, done.by, done.note = Report.State.UPHELD, by, "Slurs against neighbours"
    done.reviewed = now - timedelta(minutes=280)
    done.save()
    return first


def report(
    now: datetime, minutes: int, name: str, person_id: str, reason: str, words: str = ""
) -> Report:
    made = now - timedelta(minutes=minutes)
    return Report.objects.create(
        made=made,
        name=name,
        person_id=person_id,
        reason=reason,
        words=words,
        deadline=made + 30 * DAY,
        subject=f"{minutes:032x}",
        reporter=f"{minutes:032x}",
        device="d" * 64,
    )


def sanctions(now: datetime, by: User) -> None:
    Sanction.objects.create(
        kind="mute",
        person_id=VULGAR,
        reason=Reason.THREATS,
        until=now + 2 * HOUR,
        until_reviewed=True,
    )
    for person_id, reason, hours, note in (
        ("c09e2f6b7d814a33", Reason.HATE, 19, "Slurs against neighbours"),
        ("5510ae7be0c2d948", Reason.SPAM, 7, "Sold tickets that do not exist"),
    ):
        ban = Sanction.objects.create(
            kind="ban",
            person_id=person_id,
            reason=reason,
            until=now + hours * HOUR,
            by=by,
            note=note,
        )
        record(by, ban, "Banned for 1 day.", note)
