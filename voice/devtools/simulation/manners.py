"""How much simulated people write to real ones: one answer to a message, one greeting to a
newcomer, and never more than somebody can read. Without this two crowds would answer each other for
ever. Pure.
"""

from neartalk.limits import spend

# One in so many milliseconds, and so many at once.
ANSWER_MS, ANSWERS = 4_000, 6
GREETING_MS, GREETINGS = 15_000, 3


class Manners:
    """The limits of one crowd. Times are milliseconds of any monotonic clock."""

    def __init__(self) -> None:
        self.met: set[str] = set()
        self.answer_tat_ms = 0
        self.greeting_tat_ms = 0

    def meets(self, person_id: str) -> bool:
        """Whether this person is met for the first time."""
        first = person_id not in self.met
        self.met.add(person_id)
        return first

    def may_answer(self, now_ms: int) -> bool:
        tolerance_ms = ANSWER_MS * (ANSWERS - 1)
        self.answer_tat_ms, wait_ms = spend(self.answer_tat_ms, now_ms, ANSWER_MS, tolerance_ms)
        return not wait_ms

    def may_greet(self, now_ms: int) -> bool:
        tolerance_ms = GREETING_MS * (GREETINGS - 1)
        self.greeting_tat_ms, wait_ms = spend(
            self.greeting_tat_ms, now_ms, GREETING_MS, tolerance_ms
        )
        return not wait_ms
