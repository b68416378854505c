"""Messages and retractions, and the ids by which they are found again. Pure."""

import hashlib
import re
from dataclasses import dataclass
from typing import NamedTuple, Self

from chat.reactions import Counts, read_counts, written_counts
from presence.geo import Roughness, Tile, tile_of
from presence.values import Place

# The fields of a retraction, of a message, and of what was reacted to one.
KNOWN = (
    {"gone", "person", "cell", "radius_m"},
    {"person", "name", "text", "ref", "cell", "radius_m"},
    {"reacted", "counts", "changes", "by", "reaction", "person", "cell", "radius_m"},
)
PUBLIC_ID = re.compile(r"(\d{1,15}-\d{1,15})\.[0-9a-f]{8}")
PERSON_ID = re.compile(r"[0-9a-f]{16}")


class StreamId(NamedTuple):
    """Where an entry stands in its tile's history: `ms` of the store's clock, and a count."""

    ms: int
    seq: int

    @classmethod
    def parse(cls, text: str) -> Self:
        ms, _, seq = text.partition("-")
        return cls(int(ms), int(seq or 0))

    def __str__(self) -> str:
        return f"{self.ms}-{self.seq}"


BEGINNING = StreamId(0, 0)


def just_before(ms: int) -> StreamId:
    """The greatest id before all ids of `ms` or later."""
    return StreamId(ms - 1, 2**63 - 1)


def next_id(at: StreamId) -> StreamId:
    """The smallest id after this one."""
    return StreamId(at.ms, at.seq + 1)


def public_id(at: StreamId, person_id: str, ref: str) -> str:
    """The id of a message on the wire. Stream ids of two tiles may be equal: eight digits of the
    sender and the ref tell them apart."""
    return f"{at}.{hashlib.sha256(f'{person_id}:{ref}'.encode()).hexdigest()[:8]}"


def stream_id_of(message_id: str) -> StreamId | None:
    """The stream id that a public id begins with; None where it is no public id."""
    match = PUBLIC_ID.fullmatch(message_id)
    return StreamId.parse(match[1]) if match else None


@dataclass(frozen=True, slots=True)
class Draft:
    """A message on its way into history: who sends what from where, with the sender's own ref.

    `rule` is the limit of how often they may send, and `origin` the digest of their network.
    `reply_to` is the id of the message that it answers, `mentions` are the ids of people.
    """

    person_id: str
    name: str
    place: Place
    text: str
    ref: str
    rule: str = "chat.send"
    origin: str = ""
    reply_to: str = ""
    mentions: tuple[str, ...] = ()

    @property
    def tile(self) -> Tile:
        return tile_of(self.place.cell)


@dataclass(frozen=True, slots=True)
class Message:
    """A message as history holds it, under the name and from the place it was sent with.

    Of what it answers it holds the id alone: nothing outlives its time by being quoted.
    """

    at: StreamId
    person_id: str
    name: str
    place: Place
    text: str
    ref: str
    reply_to: str = ""
    mentions: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return public_id(self.at, self.person_id, self.ref)

    @property
    def tile(self) -> Tile:
        return tile_of(self.place.cell)


@dataclass(frozen=True, slots=True)
class Retraction:
    """A person's message was removed; `place` is where it was sent from.

    It stands in the history after the message: whoever was sent the message reads it later.
    """

    at: StreamId
    place: Place
    person_id: str
    removed_id: str

    @property
    def sent_ms(self) -> int:
        """When the message was sent."""
        return (stream_id_of(self.removed_id) or self.at).ms

    @property
    def tile(self) -> Tile:
        return tile_of(self.place.cell)


@dataclass(frozen=True, slots=True)
class Reacted:
    """The counts of reactions to a message of `person_id` that was sent from `place`, once they
    have changed for the `version`th time: `by` whom, who chose `reaction` or took it back ("").

    It stands in the history after the message, in place of the one before, and goes with it.
    """

    at: StreamId
    place: Place
    person_id: str
    message_id: str
    counts: Counts
    version: int
    by: str
    reaction: str

    @property
    def sent(self) -> StreamId:
        """Where the message stands."""
        return stream_id_of(self.message_id) or self.at

    @property
    def sent_ms(self) -> int:
        """When the message was sent."""
        return self.sent.ms

    @property
    def tile(self) -> Tile:
        return tile_of(self.place.cell)


@dataclass(frozen=True, slots=True)
class UnknownEntry:
    """What only a newer release knows: it has its place in the order, and nobody is sent it."""

    at: StreamId
    tile: Tile = ""


Entry = Message | Retraction | Reacted | UnknownEntry


@dataclass(frozen=True, slots=True)
class Appended:
    """A draft is kept: its id, and the one before it; `fresh` is False for a known ref."""

    at: StreamId
    previous: StreamId
    fresh: bool = True


def message_of(draft: Draft, at: StreamId) -> Message:
    sent = draft.person_id, draft.name, draft.place, draft.text, draft.ref
    return Message(at, *sent, draft.reply_to, draft.mentions)


def to_fields(entry: Message | Retraction | Reacted | Draft) -> dict[str, str | int]:
    """The fields of a stream entry. What few messages have is left out where it is not there."""
    place: dict[str, str | int] = {"cell": entry.place.cell, "radius_m": entry.place.radius_m}
    if entry.place.roughness != Roughness.BLOCK:
        place["roughness"] = entry.place.roughness
    if isinstance(entry, Reacted):
        counts = {"reacted": entry.message_id, "counts": written_counts(entry.counts)}
        change = {"by": entry.by, "reaction": entry.reaction, "person": entry.person_id}
        return {**counts, **change, "changes": entry.version, **place}
    if isinstance(entry, Retraction):
        return {"gone": entry.removed_id, "person": entry.person_id, **place}
    sent = {"person": entry.person_id, "name": entry.name, "text": entry.text, "ref": entry.ref}
    if entry.reply_to:
        sent["reply_to"] = entry.reply_to
    if entry.mentions:
        sent["mentions"] = " ".join(entry.mentions)
    return {**sent, **place}


def entry_of(raw_id: str, fields: dict[str, str]) -> Entry:
    """The entry that a stream holds as `fields`, of which a newer release may write more."""
    at, cell = StreamId.parse(raw_id), fields.get("cell", "")
    if not any(known <= fields.keys() for known in KNOWN):
        return UnknownEntry(at, tile_of(cell) if cell else "")
    place = Place(cell, int(fields["radius_m"]), Roughness.kept(fields.get("roughness")))
    if "reacted" in fields:
        counts, version = read_counts(fields["counts"]), int(fields["changes"])
        change = version, fields["by"], fields["reaction"]
        return Reacted(at, place, fields["person"], fields["reacted"], counts, *change)
    if "gone" in fields:
        return Retraction(at, place, fields["person"], fields["gone"])
    sent = fields["person"], fields["name"], place, fields["text"], fields["ref"]
    if "reply_to" not in fields and "mentions" not in fields:
        return Message(at, *sent)
    reply_to = fields.get("reply_to", "")
    mentions = filter(PERSON_ID.fullmatch, fields.get("mentions", "").split(" "))
    return Message(at, *sent, reply_to if stream_id_of(reply_to) else "", tuple(mentions))
