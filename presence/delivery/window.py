"""How long messages wait for one another: longer when the event loop is late."""

WINDOW_S = 0.03
WINDOW_MAX_S = 0.15
# Timers count whole milliseconds, and other work is short: that is no want of room.
IN_TIME_S = 0.005
# A loop that is late by a quarter of the longest window has a core that is nearly full.
GROWTH = 4


class Window:
    """The length of each window, from how late the ends of those before came.

    It grows at once, and is let back by half each time: a late loop that comes in time because of a
    long window would be late again after a short one.
    """

    def __init__(self) -> None:
        self.late_s = 0.0

    @property
    def length_s(self) -> float:
        return min(WINDOW_MAX_S, WINDOW_S + GROWTH * max(0.0, self.late_s - IN_TIME_S))

    def ended(self, late_s: float) -> None:
        """A window ended so many seconds after it was due."""
        self.late_s = max(late_s, self.late_s / 2)
