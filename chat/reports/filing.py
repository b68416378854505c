"""Somebody reports a person. What was said goes with it as the server itself holds it: whoever
reports only names the message.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from chat.feed import Feed, Said, after, heard_at
from chat.history import History
from chat.messages import Message, stream_id_of
from chat.models import Report
from chat.reports.evidence import seal_of
from neartalk.clock import now_ms
from neartalk.codes import Refused
from neartalk.models import RateLimit, Sanction
from presence.geo import RADIUS_MAX_M, Tile, middle_cell, tiles_within
from presence.people import Session

EARLIER_MAX = 5
# So many messages are looked through for those, the newest of each tile.
LOOK_BACK = 4_000
# A tile is 1.2 km by 0.6 km at most: what is heard in one is said within this of any of its cells.
AROUND_M = RADIUS_MAX_M + 1_400


@dataclass(frozen=True, slots=True)
class Filed:
    """A report on its way into the database: the fields of its row, and for as long as the message
    is alive (by this process's clock) the tile that holds it, which no row does."""

    fields: Mapping[str, Any]
    tile: Tile = ""
    gone_ms: int = 0


async def filed(feed: Feed, reporter: Session, subject: str, asked: Mapping[str, str]) -> Filed:
    """`asked` is what the form took; `subject` is whom the report is counted under, if they can
    have met the person. A message that they can't have heard is as one that is gone: the answer
    does not tell who is here. Raises Refused: `not-found` for oneself.
    """
    person_id = asked["person_id"]
    if person_id == reporter.person.person_id:
        raise Refused("not-found")
    person = await feed.hub.registry.find(person_id)
    tiles = tiles_of(person) if person else tiles_heard(reporter)
    said = await find(feed.history, tiles, asked["message_id"], person_id)
    if said and not may_have_heard(reporter, said):
        said = None
    met = said or (person and may_have_met(reporter, person))
    evidence = await sealed(feed.history, tiles, said) if said else None
    made = timezone.now()
    fields = {
        "made": made,
        "person_id": person_id,
        "name": said.message.name if said else person.person.name if person else "",
        "reason": asked["reason"],
        "words": asked["words"],
        "message_id": said.id if said else "",
        "evidence": evidence,
        "seal": seal_of(evidence) if evidence else "",
        "deadline": made + timedelta(days=settings.EVIDENCE_DAYS),
        "subject": subject if met else "",
        "reporter": hashlib.sha256(f"reporter:{reporter.digest}".encode()).hexdigest()[:32],
        "device": person.device if person else "",
        "origin": person.origin if person else "",
    }
    return Filed(fields, said.message.tile, now_ms() + said.left_ms) if said else Filed(fields)


# ---- What was said -------------------------------------------------------------------------------


def tiles_of(person: Session) -> set[Tile]:
    """Where everything stands that a person said and that is alive."""
    here = {person.person.tile} if person.person.cell else set()
    return here | {left.tile for left in person.recent_tiles}


def tiles_heard(reporter: Session) -> set[Tile]:
    """Where everything stands that somebody may have heard and that is alive."""
    around = (tiles_within(middle_cell(left.tile), AROUND_M) for left in reporter.recent_tiles)
    return {*tiles_within(*reporter.person.place)}.union(*around)


async def find(
    history: History, tiles: Iterable[Tile], message_id: str, person_id: str
) -> Said | None:
    """This message of this person, if it is alive."""
    at = stream_id_of(message_id)
    if at is None:
        return None
    asked = dict.fromkeys(tiles, after(at))
    reading = await history.page(asked, dict.fromkeys(asked, at.ms), 1)
    for entries in reading.entries.values():
        for entry in entries:
            if isinstance(entry, Message) and (entry.id, entry.person_id) == (
                message_id,
                person_id,
            ):
                return Said(entry, reading.now_ms)
    return None


def may_have_met(reporter: Session, person: Session) -> bool:
    """In the last half hour; nobody keeps in which cells."""
    return not tiles_heard(reporter).isdisjoint(tiles_of(person))


def may_have_heard(reporter: Session, said: Said) -> bool:
    """From where they are, or from a tile where they have been since: nobody keeps which cell."""
    if heard_at(reporter.person.place, said):
        return True
    been = {left.tile for left in reporter.recent_tiles if left.left_ms >= said.at.ms}
    if reporter.placed_ms >= said.at.ms:
        been.add(reporter.person.tile)
    return not been.isdisjoint(tiles_within(*said.place))


async def sealed(history: History, tiles: Iterable[Tile], said: Said) -> list[dict[str, Any]]:
    """The message and up to EARLIER_MAX before it by the same person, oldest first."""
    below = dict.fromkeys({*tiles, said.message.tile}, said.at)
    reading = await history.page(below, {}, max(1, LOOK_BACK // len(below)))
    before = [
        entry
        for entries in reading.entries.values()
        for entry in entries
        if isinstance(entry, Message) and entry.person_id == said.person_id
    ]
    before.sort(key=lambda message: message.at)
    return [
        {"id": one.id, "sent_at": one.at.ms, "name": one.name, "text": one.text}
        for one in (*before[-EARLIER_MAX:], said.message)
    ]


# ---- The row -------------------------------------------------------------------------------------


def keep(report: Filed) -> None:
    """Writes a report once, however often it is made until somebody has looked; the one that makes
    it too many also mutes."""
    once = {name: report.fields[name] for name in ("reporter", "person_id", "message_id")}
    with transaction.atomic():
        # One at a time in all processes, or two at once would each count without the other.
        RateLimit.objects.filter(name="chat.report").update(name="chat.report")
        row, new = Report.objects.get_or_create(
            **once, state=Report.State.WAITING, defaults=report.fields
        )
        if new and is_one_too_many(row):
            mute(row)
    if report.tile:
        left_s = max(0, report.gone_ms - now_ms()) // 1000
        cache.set(f"report-tile:{row.pk}", report.tile, left_s)


def is_one_too_many(report: Report) -> bool:
    """Whether with this one so many different subjects wait for a review as is enough to mute."""
    waiting = Report.objects.filter(person_id=report.person_id, state=Report.State.WAITING).exclude(
        subject=""
    )
    again = waiting.filter(subject=report.subject).count() > 1
    subjects = waiting.values("subject").distinct().count()
    return bool(report.subject) and not again and subjects == settings.REPORTS_TO_MUTE


def mute(report: Report) -> None:
    """Until somebody has looked, or until the report is deleted."""
    Sanction.objects.create(
        kind=Sanction.Kind.MUTE,
        person_id=report.person_id,
        device=report.device,
        origin=report.origin,
        reason=report.reason,
        until=report.deadline,
        until_reviewed=True,
    )
