"""The newest entries of one tile that this process has broadcast, and which entry comes next."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from operator import attrgetter

from chat.feed.reaction_state import ReactionState
from chat.feed.rendered_message import RenderedMessage
from chat.history import life_ms
from chat.messages import (
    BEGINNING,
    Entry,
    Message,
    Reacted,
    Retraction,
    StreamId,
    UnknownEntry,
    just_before,
    next_id,
)

ENTRIES_MAX = 400

# Messages of a tile whose reactions are held.
STATES_MAX = 2_000

TimelineEntry = RenderedMessage | Retraction | Reacted | UnknownEntry


class NextStep(Enum):
    """What is to be done with an entry that was published for a tile."""

    BROADCAST = auto()  # it follows the last one, or is a repeat that the broadcast skips
    WAIT = auto()  # history is being read, or is about to be
    FILL_GAP = auto()  # the first one beyond a gap


class Timeline:
    """`last` is the id of the newest entry that was broadcast. `entries` is everything in the
    tile's history from `since` on, oldest first: what arrivals are sent. Counts of reactions stand
    apart from them, as `states` by the ids of the messages.

    Published entries are `waiting` while history is `reading`, or while a gap is `reordering`: then
    the missing entry may still come by itself.
    """

    def __init__(self) -> None:
        self.last: StreamId | None = None
        self.since = BEGINNING
        # No deque, which takes half a kilobyte where nobody speaks.
        self.entries: list[TimelineEntry] = []
        self.waiting: list[tuple[Entry, StreamId]] = []
        self.states: dict[str, ReactionState] = {}
        self.reading = True
        self.reordering = False

    def begin(self, now_ms: int) -> None:
        """Entries from `now_ms` of the store's clock on are broadcast. Older ones are in the store
        alone."""
        self.last = just_before(now_ms)
        self.reset(StreamId(now_ms, 0))

    def rewind(self, *, lost: bool) -> None:
        """The store began anew. `lost`: by an earlier clock, so that ids begin anew too."""
        if self.last is not None:
            self.last = BEGINNING if lost else self.last
            self.reset(next_id(self.last))

    def reset(self, since: StreamId) -> None:
        """Holds no entry that stands before `since`."""
        self.entries.clear()
        self.states.clear()
        self.since = since

    def step(self, previous: StreamId) -> NextStep:
        """What is to be done with an entry that stands right after `previous` in history."""
        if self.reading or self.last is None:
            return NextStep.WAIT
        if previous > self.last:
            return NextStep.WAIT if self.reordering else NextStep.FILL_GAP
        return NextStep.BROADCAST

    def apply(self, entry: Entry) -> TimelineEntry:
        """Adds the next entry. Returns it as readers are sent it."""
        self.last = entry.at
        rendered = rendered_entry(entry)
        if isinstance(rendered, Reacted):
            return rendered
        self.entries.append(rendered)
        if isinstance(rendered, Retraction):
            self._remove(rendered.removed_id)
        if len(self.entries) > ENTRIES_MAX:
            self.since = next_id(self.entries.pop(0).at)
        return rendered

    def is_partial(self, now_ms: int) -> bool:
        """Whether older entries may be alive in the store."""
        return self.since > BEGINNING and self.since.ms > now_ms - life_ms()

    def prepend(self, below: StreamId, older: Sequence[TimelineEntry], *, full: bool) -> None:
        """Adds a page that was read from below an id, unless another reader has added it meanwhile.

        A page that is not `full` was the oldest. Nothing is added beyond ENTRIES_MAX.
        """
        self.note_all(older)
        if self.since == below and len(self.entries) + len(older) <= ENTRIES_MAX:
            removed = {one.removed_id for one in self.entries if isinstance(one, Retraction)}
            self.entries[:0] = [
                one
                for one in older
                if not isinstance(one, Reacted)
                and (not isinstance(one, RenderedMessage) or one.id not in removed)
            ]
            self.since = older[0].at if full else BEGINNING

    def find(self, at: StreamId, message_id: str) -> RenderedMessage | None:
        """The message of this id, if it stands here."""
        index = bisect_left(self.entries, at, key=attrgetter("at"))
        found = self.entries[index] if index < len(self.entries) else None
        return found if isinstance(found, RenderedMessage) and found.id == message_id else None

    def note(self, reacted: Reacted) -> ReactionState | None:
        """Applies counts of reactions, as long as the message is there; None where they are not
        new."""
        state = self.states.get(reacted.message_id)
        if state is None:
            if len(self.states) >= STATES_MAX:
                del self.states[min(self.states, key=lambda id: self.states[id].sent_ms)]
            state = self.states[reacted.message_id] = ReactionState(reacted)
            return state
        return state if state.note(reacted) else None

    def note_all(self, entries: Iterable[TimelineEntry]) -> None:
        for one in entries:
            if isinstance(one, Reacted):
                self.note(one)

    def alive(self, now_ms: int) -> Iterable[TimelineEntry]:
        return (entry for entry in self.entries if entry.at.ms > now_ms - life_ms())

    def expire(self, now_ms: int) -> None:
        """Removes entries whose life is over, and reactions to them."""
        over = [one for one in self.states.values() if one.sent_ms <= now_ms - life_ms()]
        for state in over:
            del self.states[state.id]
        while self.entries and self.entries[0].at.ms <= now_ms - life_ms():
            self.since = next_id(self.entries.pop(0).at)

    def _remove(self, removed_id: str) -> None:
        if state := self.states.pop(removed_id, None):
            state.gone = True
        for entry in self.entries:
            if isinstance(entry, RenderedMessage) and entry.id == removed_id:
                self.entries.remove(entry)
                return


def rendered_entry(entry: Entry) -> TimelineEntry:
    return RenderedMessage(entry) if isinstance(entry, Message) else entry
