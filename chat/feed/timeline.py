"""The end of one tile's history, as this process has handed it over: what arrivals are shown."""

from collections import deque
from collections.abc import Iterable, Sequence

from chat.feed.rendered import Said
from chat.history import life_ms
from chat.messages import BEGINNING, Entry, Message, Removal, StreamId, just_before

HELD_MAX = 400

Shown = Said | Removal


class Tail:
    """`last` is how far the history has been handed over, and `held` is everything in it from
    `since` on, oldest first. Hints wait while it is being found out what lies before them: while it
    is `reading`, or while it is `mending` a gap.
    """

    def __init__(self) -> None:
        self.last: StreamId | None = None
        self.since = BEGINNING
        self.held: deque[Shown] = deque()
        self.waiting: list[tuple[Entry, StreamId]] = []
        self.reading = True
        self.mending = False

    def begin(self, now_ms: int) -> None:
        """What happens from `now_ms` on is handed over; what stands before it is not held yet."""
        self.last = just_before(now_ms)
        self.forget(StreamId(now_ms, 0))

    def forget(self, since: StreamId) -> None:
        """Holds nothing any more of what stands before a place."""
        self.held.clear()
        self.since = since

    def take(self, entry: Entry, now_ms: int) -> Shown:
        """The next entry."""
        self.last = entry.at
        shown = shown_of(entry, now_ms)
        self.held.append(shown)
        if isinstance(shown, Removal):
            self._drop(shown.removed_id)
        if len(self.held) > HELD_MAX:
            self.since = after(self.held.popleft().at)
        return shown

    def lacks(self, now_ms: int) -> bool:
        """Whether older entries may be alive in the store."""
        return self.since > BEGINNING and self.since.ms > now_ms - life_ms()

    def extend_back(self, below: StreamId, older: Sequence[Shown], *, full: bool) -> None:
        """Holds what was read from below a place, unless another reader has done so meanwhile.
        A page that is not full was the oldest."""
        if self.since == below and len(self.held) + len(older) <= HELD_MAX:
            gone = {one.removed_id for one in self.held if isinstance(one, Removal)}
            self.held.extendleft(
                one for one in reversed(older) if isinstance(one, Removal) or one.id not in gone
            )
            self.since = older[0].at if full else BEGINNING

    def alive(self, now_ms: int) -> Iterable[Shown]:
        return (shown for shown in self.held if shown.at.ms > now_ms - life_ms())

    def trim(self, now_ms: int) -> None:
        """Lets go of what has lived its time, and of rows whose minutes are over."""
        while self.held and self.held[0].at.ms <= now_ms - life_ms():
            self.since = after(self.held.popleft().at)
        for shown in self.held:
            if isinstance(shown, Said):
                shown.age(now_ms)

    def _drop(self, removed_id: str) -> None:
        for shown in self.held:
            if isinstance(shown, Said) and shown.id == removed_id:
                self.held.remove(shown)
                return


def shown_of(entry: Entry, now_ms: int) -> Shown:
    return Said(entry, now_ms) if isinstance(entry, Message) else entry


def after(at: StreamId) -> StreamId:
    """The next place."""
    return StreamId(at.ms, at.seq + 1)
