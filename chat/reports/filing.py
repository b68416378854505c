"""Files a report of a person. Its evidence is the server's own: reporters only name messages."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from chat.feed import Feed, RenderedMessage
from chat.reports.encounters import may_have_heard, may_have_met, tiles_heard, tiles_of
from chat.reports.evidence import collect_answers, collect_evidence, find_message, seal_of
from neartalk.clock import steady_ms
from neartalk.codes import Refused
from presence.geo import Tile
from presence.values import Session


@dataclass(frozen=True, slots=True)
class FiledReport:
    """A report on its way into the database: the fields of its row, and for as long as the message
    is alive (by this process's clock) the tile that holds it, which no row does."""

    fields: Mapping[str, Any]
    tile: Tile = ""
    gone_ms: int = 0


async def file_report(
    feed: Feed, reporter: Session, subject: str, asked: Mapping[str, Any]
) -> FiledReport:
    """A report with its evidence. `asked` is what the form took; `subject` is whom the report
    is counted under, if the reporter may have met the person.

    A message that they cannot have heard counts as one that is gone: the answer does not tell who
    is here. Raises Refused: `not-found` for oneself; `store-unavailable`.
    """
    person_id = asked["person_id"]
    if person_id == reporter.person.person_id:
        raise Refused("not-found")
    person = await feed.hub.registry.find(person_id)
    tiles = tiles_of(person) if person else tiles_heard(reporter)
    message = await find_message(feed.history, tiles, asked["message_id"], person_id)
    if message and not may_have_heard(reporter, message):
        message = None
    met = message or (person and may_have_met(reporter, person))
    evidence = await evidence_of(feed, reporter, message, tiles, asked) if message else None
    made = timezone.now()
    fields = {
        "made": made,
        "deadline": made + timedelta(days=settings.EVIDENCE_DAYS),
        "reason": asked["reason"],
        "where": asked["where"],
        "words": asked["words"],
        "subject": subject if met else "",
        "reporter": hashlib.sha256(f"reporter:{reporter.digest}".encode()).hexdigest()[:32],
        "evidence": evidence,
        "seal": seal_of(evidence) if evidence else "",
        **accused(person_id, person, message),
    }
    if message is None:
        return FiledReport(fields)
    left_ms = max(1, message.expires_at - feed.hub.now_ms())
    return FiledReport(fields, message.message.tile, steady_ms() + left_ms)


async def evidence_of(
    feed: Feed,
    reporter: Session,
    message: RenderedMessage,
    tiles: Iterable[Tile],
    asked: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """What the person said, and behind it the reporter's own messages that they add."""
    said = await collect_evidence(feed.history, tiles, message)
    own = reporter.person.person_id
    return said + await collect_answers(feed.history, tiles_of(reporter), asked["answers"], own)


def accused(
    person_id: str, person: Session | None, message: RenderedMessage | None
) -> dict[str, str]:
    """The fields of a report that say whom it is about: of a person who is gone only what their
    message says."""
    return {
        "person_id": person_id,
        "name": message.message.name if message else person.person.name if person else "",
        "message_id": message.id if message else "",
        "device": person.device if person else "",
        "origin": person.origin if person else "",
    }
