"""What is wrong with an installation, and what to do about it: exams, beside each other, none of
which may hang. An app adds its own to SOURCES in a module `doctor`.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

CLOCK_OFF_S = 2.0
CERTIFICATE_DAYS = 14


class State(StrEnum):
    FAULT = "fault"
    WARNING = "warning"
    OK = "ok"


class Finding(NamedTuple):
    """One sentence on what is found; unless all is well, one or two on what to do about it."""

    state: State
    says: str
    do: str = ""


def ok(says: str) -> Finding:
    return Finding(State.OK, says)


def warning(says: str, do: str) -> Finding:
    return Finding(State.WARNING, says, do)


def fault(says: str, do: str) -> Finding:
    return Finding(State.FAULT, says, do)


@dataclass(frozen=True)
class Asked:
    """`url` is where people reach the product, `""` where nobody said; `patience_s` how long an
    exam may take in all."""

    url: str = ""
    patience_s: float = 3.0

    @property
    def timeout_s(self) -> float:
        """How long an exam may wait for one answer: it has something to say even if none comes."""
        return self.patience_s * 2 / 3


class Exam(NamedTuple):
    """`look` runs on a thread of its own; whatever it can't go on after, it says or raises."""

    about: str
    look: Callable[[], Iterable[Finding]]


class Diagnosis(NamedTuple):
    about: str
    finding: Finding


Source = Callable[[Asked], Iterable[Exam]]
SOURCES: list[Source] = []


def examine(asked: Asked) -> list[Diagnosis]:
    """What every exam of SOURCES has found, the worst first."""
    exams = [exam for source in SOURCES for exam in source(asked)]
    running = [Running(exam) for exam in exams]
    end_s = time.monotonic() + asked.patience_s
    found = [
        Diagnosis(one.exam.about, finding)
        for one in running
        for finding in one.findings(max(0.0, end_s - time.monotonic()))
    ]
    states = [*State]
    return sorted(found, key=lambda one: states.index(one.finding.state))


class Running:
    """An exam under way. Nobody waits for one that hangs, at the end of the program neither."""

    def __init__(self, exam: Exam) -> None:
        self.exam = exam
        self.found: list[Finding] = []
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def findings(self, wait_s: float) -> list[Finding]:
        self.thread.join(wait_s)
        found = [*self.found]
        if self.thread.is_alive():
            late = "It did not answer in time."
            found.append(fault(late, "See whether it hangs, or allow more with --timeout."))
        return found

    def _look(self) -> None:
        try:
            for finding in self.exam.look():
                self.found.append(finding)
        except Exception as why:
            # By its kind alone: what it says may hold a secret.
            says = f"It could not be looked at: {type(why).__name__}."
            self.found.append(fault(says, "See whether it is there, and who may reach it."))


def clock(off_s: float) -> Iterator[Finding]:
    """What to say of a clock so many seconds ahead of this machine's."""
    if abs(off_s) > CLOCK_OFF_S:
        way = "ahead of" if off_s > 0 else "behind"
        says = f"Its clock is {abs(off_s):,.0f} s {way} this machine's."
        yield warning(says, "Let NTP set both clocks, as by timedatectl set-ntp true.")


def certificate(days_left: float) -> Finding:
    if days_left >= CERTIFICATE_DAYS:
        return ok(f"Its certificate is good for {days_left:.0f} days.")
    says = f"Its certificate ends in {days_left:.0f} days."
    return warning(says, "Renew it, and see why that is not done by itself.")
