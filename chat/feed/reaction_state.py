"""The reactions to one message as this process knows them, and as its readers are sent them."""

from html import escape

from chat.messages import Reacted
from chat.reactions import Choices, Counts, counted, written_counts
from presence.delivery import Form, Frame, dumps, notes_frame
from presence.geo import Tile
from presence.values import Place

NOBODY: frozenset[str] = frozenset()


class ReactionState:
    """`counts` are right whenever an entry with them was read. `reactions`, the word of each
    person, are `complete` where no change was missed since all were known: only then it can be said
    what is left where some are hidden from a reader.

    `person_id` is who sent the message. `gone`: it was retracted. `missed` is what people chose of
    which nothing was known until all were read.
    """

    def __init__(self, reacted: Reacted) -> None:
        self.id = reacted.message_id
        self.person_id = reacted.person_id
        self.place: Place = reacted.place
        self.sent_ms = reacted.sent_ms
        self.changed_ms = 0
        self.version = 0
        self.counts: Counts = {}
        self.reactions: dict[str, str] = {}
        self.complete = True
        self.gone = False
        self.missed: dict[str, str] = {}
        self.rows: dict[tuple[Form, frozenset[str]], str] = {}
        self.note(reacted)

    @property
    def tile(self) -> Tile:
        return self.place.tile

    def note(self, reacted: Reacted) -> bool:
        """Applies an entry. False if it says nothing new."""
        if reacted.version <= self.version:
            return False
        self.complete = self.complete and reacted.version == self.version + 1
        if reacted.reaction:
            self.reactions[reacted.by] = reacted.reaction
        else:
            self.reactions.pop(reacted.by, None)
        self.version, self.counts = reacted.version, reacted.counts
        self.changed_ms = reacted.at.ms
        self.rows = {}
        return True

    def load(self, choices: Choices) -> None:
        """Applies everybody's choices as the store held them."""
        self.missed = {}
        if choices.version < self.version:
            return
        before, self.reactions = self.reactions, choices.reactions
        self.version, self.counts = choices.version, counted(self.reactions.values())
        self.complete, self.rows = True, {}
        people = before.keys() | self.reactions.keys()
        now = {one: self.reactions.get(one, "") for one in people}
        self.missed = {one: word for one, word in now.items() if word != before.get(one, "")}

    def may_count(self, people: frozenset[str]) -> bool:
        """Whether any of these people may have reacted, as far as is known."""
        return not self.complete or not self.reactions.keys().isdisjoint(people)

    def counts_without(self, hidden: frozenset[str]) -> Counts:
        """The counts for a reader from whom these people are hidden."""
        if self.reactions.keys().isdisjoint(hidden):
            return self.counts
        return counted(word for who, word in self.reactions.items() if who not in hidden)

    def row(self, form: Form, hidden: frozenset[str] = NOBODY) -> str:
        """What readers are told of it, rendered once for all who are told the same."""
        key = (form, hidden.intersection(self.reactions) if hidden else NOBODY)
        if key not in self.rows:
            self.rows[key] = counts_row(form, self.id, self.counts_without(key[1]))
        return self.rows[key]


def counts_row(form: Form, message_id: str, counts: Counts) -> str:
    """All counts of a message, in a form."""
    if form is Form.JSON:
        return dumps({"type": "chat.reactions", "id": message_id, "counts": counts})
    words = written_counts(counts)
    return f'<data class="reactions" data-id="{message_id}" data-counts="{words}"></data>'


def choice_frame(form: Form, message_id: str, reaction: str, ref: str | None = None) -> Frame:
    """What somebody chose of a message, as they themselves are told it."""
    word = reaction or None
    if form is Form.JSON and not ref:
        return Frame(dumps({"type": "chat.reacted", "id": message_id, "reaction": word}))
    if form is Form.JSON:
        return Frame(
            dumps({"type": "chat.reacted", "id": message_id, "reaction": word, "ref": ref})
        )
    named = f' data-ref="{escape(ref)}"' if ref else ""
    data = f'data-id="{message_id}" data-reaction="{reaction}"{named}'
    return notes_frame(form, [f'<data class="reacted" {data}></data>'])
