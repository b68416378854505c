"""Checks of an installation: what is wrong, and what to do about it.

Each check runs on a thread of its own, and nobody waits for one that hangs. settings.DOCTOR_CHECKS
names the functions that list them.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

CLOCK_OFF_S = 2.0
CERTIFICATE_DAYS = 14


class Severity(StrEnum):
    FAULT = "fault"
    WARNING = "warning"
    OK = "ok"


class Finding(NamedTuple):
    """`message` is a sentence on what is found; `hint`, unless all is well, what to do about it."""

    severity: Severity
    message: str
    hint: str = ""


def ok(message: str) -> Finding:
    return Finding(Severity.OK, message)


def warning(message: str, hint: str) -> Finding:
    return Finding(Severity.WARNING, message, hint)


def fault(message: str, hint: str) -> Finding:
    return Finding(Severity.FAULT, message, hint)


@dataclass(frozen=True)
class CheckOptions:
    """`url` is where people reach the product, `""` where it is not given; `time_limit_s` is how
    long all checks together may run."""

    url: str = ""
    time_limit_s: float = 3.0

    @property
    def timeout_s(self) -> float:
        """How long a check may wait for one answer: it must report even if none comes."""
        return self.time_limit_s * 2 / 3


class Check(NamedTuple):
    """`run` finds things on a thread of its own. What it raises becomes a fault."""

    about: str
    run: Callable[[], Iterable[Finding]]


class Diagnosis(NamedTuple):
    about: str
    finding: Finding


# Lists the checks of a part, as far as they apply to these options.
CheckSource = Callable[[CheckOptions], Iterable[Check]]


def diagnose(options: CheckOptions, sources: Iterable[CheckSource]) -> list[Diagnosis]:
    """What all checks of these sources find, the worst first.

    All run at once, for `options.time_limit_s` at most. A check that is not done by then is
    reported with what it found so far and a fault.
    """
    checks = [check for source in sources for check in source(options)]
    running = [RunningCheck(check) for check in checks]
    end_s = time.monotonic() + options.time_limit_s
    found = [
        Diagnosis(one.check.about, finding)
        for one in running
        for finding in one.findings(max(0.0, end_s - time.monotonic()))
    ]
    severities = [*Severity]
    return sorted(found, key=lambda one: severities.index(one.finding.severity))


class RunningCheck:
    """A check on its thread, which ends with the program even if it hangs."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self.found: list[Finding] = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def findings(self, wait_s: float) -> list[Finding]:
        self.thread.join(wait_s)
        found = [*self.found]
        if self.thread.is_alive():
            late = "It did not answer in time."
            found.append(fault(late, "See whether it hangs, or allow more with --timeout."))
        return found

    def _run(self) -> None:
        try:
            for finding in self.check.run():
                self.found.append(finding)
        except Exception as why:
            # Only the type of the error is shown: its words may hold a secret.
            message = f"It could not be looked at: {type(why).__name__}."
            self.found.append(fault(message, "See whether it is there, and who may reach it."))


def clock(off_s: float) -> Iterator[Finding]:
    """A warning about a clock that is more than CLOCK_OFF_S ahead of this machine's, or behind."""
    if abs(off_s) > CLOCK_OFF_S:
        way = "ahead of" if off_s > 0 else "behind"
        message = f"Its clock is {abs(off_s):,.0f} s {way} this machine's."
        yield warning(message, "Let NTP set both clocks, as by timedatectl set-ntp true.")


def certificate(days_left: float) -> Finding:
    if days_left >= CERTIFICATE_DAYS:
        return ok(f"Its certificate is good for {days_left:.0f} days.")
    message = f"Its certificate ends in {days_left:.0f} days."
    return warning(message, "Renew it, and see why that is not done by itself.")
