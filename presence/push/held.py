"""Pure: what is to be told to people who may have put their page away already, and are listed as
here for as long as they may come back."""

from collections.abc import Callable

from presence.push.notice import Notice

HELD_MAX = 2000
# The store is told a moment later that somebody is away, and so are the other processes.
LATE_S = 3.0


class HeldNotices:
    """The newest of each person. One is held for as long as whoever had gone before it becomes
    away: who becomes away later was there, and was shown it."""

    def __init__(self, linger_s: float) -> None:
        """`linger_s`: from the last sign of life of a person until they are away."""
        self.held_s = linger_s + LATE_S
        # By person, the oldest first, with the time at which each ends.
        self.notices: dict[str, tuple[float, Notice]] = {}

    def hold(self, notice: Notice, now_s: float) -> bool:
        """In place of the one before. False where another one had to go for it."""
        self.notices.pop(notice.to, None)
        self.notices[notice.to] = now_s + self.held_s, notice
        if len(self.notices) <= HELD_MAX:
            return True
        del self.notices[next(iter(self.notices))]
        return False

    def forget(self, message_id: str) -> None:
        """Of a message that was taken back nobody is told."""
        found = [to for to, (_, each) in self.notices.items() if each.message_id == message_id]
        for to in found:
            del self.notices[to]

    def due(self, now_s: float, is_away: Callable[[str], bool]) -> list[Notice]:
        """Those of people who are away by now. What has ended is forgotten."""
        living = {to: one for to, one in self.notices.items() if one[0] > now_s}
        found = [notice for to, (_, notice) in living.items() if is_away(to)]
        for notice in found:
            del living[notice.to]
        self.notices = living
        return found
